"""Reads of sessions."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.sessions.rules import hash_refresh_token
from auth.sessions.tables import SessionToken


def family_of(session: Session, refresh_token: str) -> UUID | None:
    return session.scalar(
        select(SessionToken.family_id).where(
            SessionToken.token_hash == hash_refresh_token(refresh_token)
        )
    )


def is_live(session: Session, family_id: UUID) -> bool:
    """A session lives until it is ended; its first row shows it, for all rows end together."""
    row = session.execute(
        select(SessionToken.revoked_at).where(SessionToken.id == family_id)
    ).one_or_none()
    return row is not None and row.revoked_at is None
