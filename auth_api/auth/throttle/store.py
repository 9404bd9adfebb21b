"""Counts tries and failures, a statement or two each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from auth.throttle.rules import (
    FORGET_FAILURES_AFTER,
    Limits,
    check_pause,
    delay_after,
    minute_of,
    seconds_until_free,
    share_before,
    too_many,
)
from auth.throttle.tables import LoginFailures, Try

# One more is allowed while this minute's tries, the share of the last minute's that is still within
# sixty seconds, and it come to no more than the limit; two at once cannot both be the last one.
# What is refused is not counted: who keeps asking, or shares an address with one who does, does not
# wait for ever.
_COUNT = text("""
    WITH past AS MATERIALIZED (
        SELECT coalesce(max(hits), 0) AS hits FROM tries
         WHERE kind = :kind AND subject = :subject AND minute = :minute - 1
    )
    INSERT INTO tries AS t (kind, subject, minute, hits)
    SELECT :kind, :subject, :minute, 1 FROM past WHERE 1 + past.hits * :share <= :limit
    ON CONFLICT (kind, subject, minute) DO UPDATE SET hits = t.hits + 1
     WHERE t.hits + 1 + (SELECT hits FROM past) * :share <= :limit
    RETURNING hits
""")
_FAIL = text("""
    INSERT INTO login_failures AS f (name_hash, failures, last_at) VALUES (:name, 1, :now)
    ON CONFLICT (name_hash) DO UPDATE SET
        failures = CASE WHEN f.last_at < :forget THEN 1 ELSE f.failures + 1 END, last_at = :now
    RETURNING failures
""")
_KNOWN = text("""
    SELECT coalesce(max(hits) FILTER (WHERE minute = :minute), 0) AS hits,
           coalesce(max(hits) FILTER (WHERE minute = :minute - 1), 0) AS before
      FROM tries
     WHERE kind = :kind AND subject = :subject AND minute BETWEEN :minute - 1 AND :minute
""")
_BLOCK = text("UPDATE login_failures SET blocked_until = :until WHERE name_hash = :name")


def count_try(session: Session, kind: str, source: str, *, limit: int, now: datetime) -> bool:
    """Whether it is the source's first of this minute: a good time to tidy up.

    Raises TooManyRequests, and then counts nothing.
    """
    minute = minute_of(now)
    values = {"kind": kind, "subject": source, "minute": minute}
    share = share_before(now)
    hits = session.scalar(_COUNT, {**values, "share": share, "limit": limit})
    if hits is None:
        known = session.execute(_KNOWN, values).one()
        raise too_many(seconds_until_free(known.hits, known.before, limit, now))
    is_first: bool = hits == 1
    if is_first:
        prune(session, now=now)
    return is_first


def blocked_until(session: Session, name_hash: bytes) -> datetime | None:
    return session.scalar(
        select(LoginFailures.blocked_until).where(LoginFailures.name_hash == name_hash)
    )


def lock_failures(session: Session, name_hash: bytes, *, now: datetime) -> None:
    """Of guesses made at once only the first is answered: the others began before its pause did.

    Raises TooManyRequests. Call in the transaction that counts or forgets failures.
    """
    until = session.scalar(
        select(LoginFailures.blocked_until)
        .where(LoginFailures.name_hash == name_hash)
        .with_for_update()
    )
    check_pause(until, now)


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
