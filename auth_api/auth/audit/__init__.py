"""Security events, appended and never rewritten."""
