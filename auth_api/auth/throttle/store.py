"""Counts tries and failures. Each call is one cheap statement of its own transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from auth.throttle.rules import FORGET_FAILURES_AFTER, Limits, delay_after, minute_of
from auth.throttle.tables import LoginFailures, Try

# Beyond the limit nothing is counted any more: who keeps asking does not wait for ever.
_COUNT = text("""
    INSERT INTO tries AS t (kind, subject, minute, hits) VALUES (:kind, :subject, :minute, 1)
    ON CONFLICT (kind, subject, minute) DO UPDATE SET hits = least(t.hits + 1, :limit + 1)
    RETURNING hits, coalesce((SELECT p.hits FROM tries p WHERE p.kind = :kind
                              AND p.subject = :subject AND p.minute = :minute - 1), 0) AS before
""")
_FAIL = text("""
    INSERT INTO login_failures AS f (name_hash, failures, last_at) VALUES (:name, 1, :now)
    ON CONFLICT (name_hash) DO UPDATE SET
        failures = CASE WHEN f.last_at < :forget THEN 1 ELSE f.failures + 1 END, last_at = :now
    RETURNING failures
""")
_BLOCK = text("UPDATE login_failures SET blocked_until = :until WHERE name_hash = :name")


def count_try(
    session: Session, kind: str, source: str, *, limit: int, now: datetime
) -> tuple[int, int]:
    """Tries of this minute, this one included, and of the minute before."""
    found = session.execute(
        _COUNT, {"kind": kind, "subject": source, "minute": minute_of(now), "limit": limit}
    ).one()
    return int(found.hits), int(found.before)


def blocked_until(session: Session, name_hash: bytes) -> datetime | None:
    return session.scalar(
        select(LoginFailures.blocked_until).where(LoginFailures.name_hash == name_hash)
    )


def count_failure(session: Session, name_hash: bytes, limits: Limits, *, now: datetime) -> None:
    forget = now - FORGET_FAILURES_AFTER
    failures = session.scalar(_FAIL, {"name": name_hash, "now": now, "forget": forget})
    delay = delay_after(int(failures or 0), limits)
    if delay is not None:
        session.execute(_BLOCK, {"name": name_hash, "until": now + delay})


def forget_failures(session: Session, name_hash: bytes) -> None:
    session.execute(delete(LoginFailures).where(LoginFailures.name_hash == name_hash))


def prune(session: Session, *, now: datetime) -> None:
    session.execute(delete(Try).where(Try.minute < minute_of(now) - 1))
    session.execute(
        delete(LoginFailures).where(LoginFailures.last_at < now - FORGET_FAILURES_AFTER)
    )
