"""The feed of changed rows."""
