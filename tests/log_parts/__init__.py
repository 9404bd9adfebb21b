"""Secrets, the ways they are sent, and the search for them in what a suite has written."""
