"""What the apps share: words, clock, logs, looks. Knows no model."""
