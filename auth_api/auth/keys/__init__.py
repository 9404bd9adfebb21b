"""The keys that sign tokens, and the document that publishes their public halves."""
