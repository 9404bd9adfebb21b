"""Names that carry scopes into a token."""
