"""How staff sign in: with their account in auth, or locally when auth is down."""
