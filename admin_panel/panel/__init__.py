"""The admin of the suite: a read-only mirror of billing and auth, and the staff who read it."""
