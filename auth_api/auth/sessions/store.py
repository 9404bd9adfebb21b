"""Writes to sessions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from auth.platform.ids import new_id
from auth.sessions.rules import REFRESH_LIFETIME, hash_refresh_token, new_refresh_token
from auth.sessions.tables import SessionToken


def start_family(session: Session, account_id: UUID, *, now: datetime) -> str:
    """The first refresh token of a log-in. It is returned once and stored only as its hash."""
    token = new_refresh_token()
    first_id = new_id()
    session.add(
        SessionToken(
            id=first_id,
            family_id=first_id,
            account_id=account_id,
            token_hash=hash_refresh_token(token),
            issued_at=now,
            expires_at=now + REFRESH_LIFETIME,
        )
    )
    session.flush()
    return token
