"""Refresh tokens of a log-in: families of opaque, hashed, one-use secrets."""
