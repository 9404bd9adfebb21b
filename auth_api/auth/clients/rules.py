"""Secrets and scopes of programs.

A client's secret is random and long (checked when it is made), so SHA-256 is enough to store it:
a slow hash protects secrets that can be guessed, and would cost every token request 25 ms here.
"""

from __future__ import annotations

import hashlib
import hmac
import re

SECRET_LENGTH_MIN = 32
CLIENT_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"

_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_NOBODY = hashlib.sha256(b"no client has this secret").digest()


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def secret_matches(stored: bytes | None, *candidates: str) -> bool:
    """Constant time, and the same work for a client that does not exist."""
    found = False
    for candidate in candidates:
        found |= hmac.compare_digest(stored or _NOBODY, hash_secret(candidate))
    return found and stored is not None


def parse_scope(given: str) -> list[str] | None:
    """The scopes of a `scope` parameter (RFC 6749 section 3.3), or None when it is not one."""
    scopes = given.split(" ")
    if not all(_SCOPE.fullmatch(scope) for scope in scopes):
        return None
    return sorted(set(scopes))
