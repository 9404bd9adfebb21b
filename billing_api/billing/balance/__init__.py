"""What a customer has: one locked row a currency."""
