"""One noun: a payment, its attempts at the provider and the calendar of asking."""
