"""A refresh token is 256 random bits for the client and their SHA-256 for us.

A plain hash is enough where the secret is random: there is nothing to guess from.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

REFRESH_TOKEN_BYTES = 32
REFRESH_LIFETIME = timedelta(days=30)


def new_refresh_token() -> str:
    return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)


def hash_refresh_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
