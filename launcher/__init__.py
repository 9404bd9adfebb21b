"""Starts the suite on one bare machine: PostgreSQL, nginx and the services under supervisor.

It imports none of the services: it starts their commands and speaks HTTP to them, as a person
would.
"""
