"""What more than one test file of the panel needs."""
