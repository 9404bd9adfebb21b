"""What can be wrong with the signing keys; all of it stops the start."""

from __future__ import annotations


class KeyringError(Exception):
    """The folder of signing keys cannot be used; the message says why."""
