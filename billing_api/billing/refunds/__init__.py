"""Refunds: money of a payment that goes back, to the payer's card or to the customer's balance."""
