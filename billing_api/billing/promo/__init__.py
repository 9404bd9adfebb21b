"""Promotional money: what was given, until when, and what each debit burned of it."""
