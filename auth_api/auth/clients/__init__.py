"""Programs that call the suite with a secret of their own."""
