"""The books: append-only journals that sum to zero."""
