"""Writes to sessions. The first row of a family is locked by whoever extends or ends it.

That row expires with the whole family, so it alone tells when all rows may go.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from auth.platform.ids import new_id
from auth.sessions.rules import (
    KEEP_ENDED,
    PRUNED_AT_ONCE,
    REFRESH_LIFETIME,
    SESSION_LIFETIME,
    hash_refresh_token,
    new_refresh_token,
)
from auth.sessions.tables import SessionToken


def start_family(session: Session, account_id: UUID, *, now: datetime) -> tuple[UUID, str]:
    """The session's id and its first refresh token, which is stored only as its hash."""
    family_id = new_id()
    end = now + REFRESH_LIFETIME
    return family_id, _add_token(session, family_id, family_id, account_id, now=now, end=end)


def extend_family(session: Session, used: SessionToken, *, client: bytes, now: datetime) -> str:
    """The next refresh token; call with the family locked."""
    if used.used_at is None:
        used.used_at, used.used_by = now, client
    first = session.get_one(SessionToken, used.family_id)
    end = min(now + REFRESH_LIFETIME, first.issued_at + SESSION_LIFETIME)
    first.expires_at = end
    return _add_token(session, new_id(), used.family_id, used.account_id, now=now, end=end)


def _add_token(
    session: Session,
    row_id: UUID,
    family_id: UUID,
    account_id: UUID,
    *,
    now: datetime,
    end: datetime,
) -> str:
    token = new_refresh_token()
    session.add(
        SessionToken(
            id=row_id,
            family_id=family_id,
            account_id=account_id,
            token_hash=hash_refresh_token(token),
            issued_at=now,
            expires_at=end,
        )
    )
    session.flush()
    return token


def lock_token(session: Session, family_id: UUID, refresh_token: str) -> SessionToken | None:
    """The family's first row first: a token made meanwhile cannot slip past an end of all.

    None where the family has been pruned since it was found.
    """
    session.execute(select(SessionToken.id).where(SessionToken.id == family_id).with_for_update())
    return session.execute(
        select(SessionToken)
        .where(SessionToken.token_hash == hash_refresh_token(refresh_token))
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def end_family(session: Session, family_id: UUID, account_id: UUID, *, now: datetime) -> bool:
    """True when it was live. Another's session is left alone."""
    first = session.scalar(
        select(SessionToken)
        .where(SessionToken.id == family_id, SessionToken.account_id == account_id)
        .with_for_update()
    )
    if first is None or first.revoked_at is not None:
        return False
    _end(session, [family_id], now=now)
    return True


def end_all(session: Session, account_id: UUID, *, but: UUID | None = None, now: datetime) -> int:
    """Every live session of the account, or all but one; how many."""
    live = session.scalars(
        select(SessionToken.id)
        .where(
            SessionToken.account_id == account_id,
            SessionToken.id == SessionToken.family_id,
            SessionToken.revoked_at.is_(None),
        )
        .order_by(SessionToken.id)
        .with_for_update()
    ).all()
    ended = [family_id for family_id in live if family_id != but]
    _end(session, ended, now=now)
    return len(ended)


def _end(session: Session, family_ids: list[UUID], *, now: datetime) -> None:
    session.execute(
        update(SessionToken)
        .where(SessionToken.family_id.in_(family_ids), SessionToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def prune_sessions(session: Session, *, now: datetime) -> None:
    """Removes some of the sessions that are long over, oldest first, and waits for nobody.

    Call in a transaction that holds no session's lock.
    """
    over_at = func.least(SessionToken.expires_at, SessionToken.revoked_at)
    over = (
        select(SessionToken.id)
        .where(SessionToken.id == SessionToken.family_id, over_at < now - KEEP_ENDED)
        .order_by(over_at)
        .limit(PRUNED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    family_ids = session.scalars(over).all()
    if family_ids:
        session.execute(delete(SessionToken).where(SessionToken.family_id.in_(family_ids)))
