"""Charges: money a customer spends from the balance, and what of it was given back."""
