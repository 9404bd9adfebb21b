"""Follows the change feeds; the only writer of the mirror."""
