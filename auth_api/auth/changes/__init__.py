"""The feed that tells other services what became of an account."""
