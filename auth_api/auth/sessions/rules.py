"""A refresh token is 256 random bits for the client and their SHA-256 for us.

A plain hash is enough where the secret is random: there is nothing to guess from. A token is good
for one use. A second use means that two hold it, so the whole session ends (RFC 9700, 4.14.2);
unless it is the same client again within seconds, whose answer was lost or who asked twice at once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

REFRESH_TOKEN_BYTES = 32
REFRESH_LIFETIME = timedelta(days=30)
# However often it is refreshed: what was stolen unseen does not live for ever.
SESSION_LIFETIME = timedelta(days=90)

# Nobody asks for a session that is over any more, but for the access tokens of its last minutes.
KEEP_ENDED = timedelta(days=1)
PRUNED_AT_ONCE = 200


class Verdict(Enum):
    ROTATE = auto()
    REFUSE = auto()
    REUSED = auto()


@dataclass(frozen=True, slots=True)
class TokenState:
    expires_at: datetime
    used_at: datetime | None
    used_by: bytes | None
    revoked_at: datetime | None


def judge(state: TokenState, client: bytes, *, now: datetime, grace: timedelta) -> Verdict:
    if state.revoked_at is not None or now >= state.expires_at:
        return Verdict.REFUSE
    if state.used_at is None:
        return Verdict.ROTATE
    same_client = state.used_by == client
    return Verdict.ROTATE if same_client and now - state.used_at <= grace else Verdict.REUSED


def new_refresh_token() -> str:
    return secrets.token_urlsafe(REFRESH_TOKEN_BYTES)


def hash_refresh_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def client_print(address: str | None, user_agent: str | None) -> bytes:
    """What makes two requests look like one client's."""
    return hashlib.sha256(f"{address}\n{user_agent}".encode()).digest()
