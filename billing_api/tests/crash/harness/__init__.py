"""Kills processes at named points and counts what became of the money."""
