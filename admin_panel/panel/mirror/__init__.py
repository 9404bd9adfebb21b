"""Read-only copies of what billing and auth publish."""
