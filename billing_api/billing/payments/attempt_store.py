"""Writes of attempts and of the calendar of asking. Leases are on real time, calendars on business
time; a date beyond the longest pause means the business clock was moved back, so it counts as due.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from billing.payments.attempts import PAUSE_MAX, Attempt, AttemptKind, AttemptState
from billing.payments.rows import attempt_of
from billing.payments.rules import POLL_PAUSE_MAX
from billing.platform.database import ReadSession, WriteSession
from billing.platform.ids import new_id

_INSERT = text("""
    INSERT INTO payment_attempts (id, payment_id, number, kind, body, state, sends, created_at,
                                  lease_until, refund_id)
    VALUES (:id, :payment_id, :number, :kind, :body, 'sent', 1, :at, :lease_until, :refund_id)
""")
_LAST = text("""
    SELECT coalesce(max(number), 0) AS number,
           coalesce(bool_or(state IN ('sent', 'unknown', 'lookup', 'waiting')), false) AS is_open
    FROM payment_attempts WHERE payment_id = :payment_id AND refund_id IS NULL
""")
_OPEN_KIND = text("""
    SELECT kind FROM payment_attempts
    WHERE payment_id = :payment_id AND refund_id IS NULL
      AND state IN ('sent', 'unknown', 'lookup', 'waiting')
""")
_LAPSING = text("""
    SELECT id FROM payments p
    WHERE status = 'waiting_for_capture' AND on_expiry IS NOT NULL AND quarantine_reason IS NULL
      AND capture_before > :now AND capture_before <= :until
      AND NOT EXISTS (
        SELECT FROM payment_attempts a WHERE a.payment_id = p.id
          AND (a.state IN ('sent', 'unknown', 'lookup', 'waiting')
               OR a.kind <> 'create' AND a.created_at > :since))
    ORDER BY capture_before LIMIT :limit
""")
_LOCK = text("SELECT * FROM payment_attempts WHERE id = :id FOR UPDATE")
_LOCK_AS_READ = text("""
    SELECT id FROM payment_attempts
    WHERE id = :id AND state = :state AND sends = :sends FOR UPDATE
""")
_CLOSE_OPEN = text("""
    WITH closed AS (
        UPDATE payment_attempts SET state = :state, next_at = NULL, lease_until = NULL
        WHERE payment_id = :payment_id AND state IN ('sent', 'unknown', 'lookup', 'waiting')
          AND refund_id IS NULL AND (kind = 'create' OR :over)
    )
    INSERT INTO payment_polls (payment_id, next_at) VALUES (:payment_id, :next_poll)
    ON CONFLICT (payment_id) DO UPDATE SET next_at = excluded.next_at
""")
_CLOSE_REFUND = text("""
    UPDATE payment_attempts SET state = :state, next_at = NULL, lease_until = NULL
    WHERE payment_id = :payment_id AND refund_id = :refund_id
      AND state IN ('sent', 'unknown', 'lookup', 'waiting')
""")
_MARK = text("""
    UPDATE payment_attempts
    SET state = :state, next_at = :next_at, lease_until = NULL, last_outcome = :outcome
    WHERE id = :id
""")
_CLAIM = text("""
    UPDATE payment_attempts SET lease_until = :lease_until
    WHERE id IN (
        SELECT id FROM payment_attempts
        WHERE state IN ('sent', 'unknown', 'lookup', 'waiting')
          AND (kind = 'refund') = :refunds
          AND (lease_until IS NULL OR lease_until < :real_now)
          AND (next_at IS NULL OR next_at <= :now OR next_at > :too_far)
        ORDER BY next_at NULLS FIRST LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING *
""")
_COUNT_SEND = text("""
    UPDATE payment_attempts SET state = 'sent', sends = sends + 1, lease_until = :lease_until
    WHERE id = :id
""")
_UNCOUNT_SEND = text("UPDATE payment_attempts SET sends = sends - 1 WHERE id = :id AND sends > 0")
_SCHEDULE_POLL = text("""
    INSERT INTO payment_polls (payment_id, next_at) VALUES (:payment_id, :next_at)
    ON CONFLICT (payment_id) DO UPDATE SET next_at = excluded.next_at
""")
_CLAIM_POLLS = text("""
    SELECT p.payment_id, payments.created_at,
           CASE WHEN payments.status = 'waiting_for_capture'
                THEN payments.capture_before END AS capture_before
    FROM payment_polls p
    JOIN payments ON payments.id = p.payment_id
    WHERE p.next_at <= :now OR p.next_at > :too_far
    ORDER BY p.next_at LIMIT :limit
    FOR UPDATE OF p SKIP LOCKED
""")
_CLAIM_ASKING = text("""
    INSERT INTO payment_polls (payment_id, asked_at) VALUES (:payment_id, :real_now)
    ON CONFLICT (payment_id) DO UPDATE SET asked_at = excluded.asked_at
    WHERE payment_polls.asked_at IS NULL OR payment_polls.asked_at <= :before
       OR payment_polls.asked_at > :too_far
    RETURNING payment_id
""")


async def add_attempt(
    session: WriteSession, attempt: Attempt, *, lease_until: datetime | None
) -> None:
    """Without a lease the worker takes it at once."""
    await session.run(
        _INSERT,
        {
            "id": attempt.id,
            "payment_id": attempt.payment_id,
            "number": attempt.number,
            "kind": attempt.kind.value,
            "body": attempt.body,
            "at": attempt.created_at,
            "lease_until": lease_until,
            "refund_id": attempt.refund_id,
        },
    )


async def open_attempt(
    session: WriteSession,
    payment_id: UUID,
    kind: AttemptKind,
    body: bytes,
    *,
    at: datetime,
    lease_until: datetime | None,
) -> Attempt | None:
    """None where one is open already, whatever its kind; call with the payment locked."""
    row = await session.one(_LAST, {"payment_id": payment_id})
    if row["is_open"]:
        return None
    number = int(row["number"]) + 1
    attempt = Attempt(new_id(), payment_id, number, body, AttemptState.SENT, 1, at, kind)
    await add_attempt(session, attempt, lease_until=lease_until)
    return attempt


async def open_cancel_attempt(
    session: WriteSession, payment_id: UUID, *, at: datetime, lease_until: datetime | None
) -> Attempt | None:
    return await open_attempt(
        session, payment_id, AttemptKind.CANCEL, b"{}", at=at, lease_until=lease_until
    )


async def open_kind(session: WriteSession, payment_id: UUID) -> AttemptKind | None:
    """What is being asked of the provider; call with the payment locked."""
    row = await session.first(_OPEN_KIND, {"payment_id": payment_id})
    return None if row is None else AttemptKind(row["kind"])


async def list_lapsing(
    session: ReadSession, *, now: datetime, margin: timedelta, pause: timedelta, limit: int
) -> list[UUID]:
    """Held payments with a policy whose deadline is within `margin` and that nobody acts on.

    What was refused is asked again after `pause`.
    """
    parameters = {"now": now, "until": now + margin, "since": now - pause, "limit": limit}
    return [row["id"] for row in await session.all(_LAPSING, parameters)]


async def lock_attempt(session: WriteSession, attempt_id: UUID) -> Attempt:
    return attempt_of(await session.one(_LOCK, {"id": attempt_id}))


async def lock_as_read(session: WriteSession, attempt: Attempt) -> bool:
    """False where somebody else went on with it since it was read: our lease ran out meanwhile."""
    read = {"id": attempt.id, "state": attempt.state.value, "sends": attempt.sends}
    return await session.first(_LOCK_AS_READ, read) is not None


async def mark_attempt(
    session: WriteSession,
    attempt_id: UUID,
    state: AttemptState,
    *,
    next_at: datetime | None = None,
    outcome: str | None = None,
) -> None:
    await session.run(
        _MARK,
        {"id": attempt_id, "state": state.value, "next_at": next_at, "outcome": outcome},
    )


async def close_attempts(
    session: WriteSession,
    payment_id: UUID,
    state: AttemptState,
    *,
    next_poll: datetime | None,
    over: bool = True,
) -> None:
    """The provider has answered and is asked again at `next_poll`: no call is open any more.

    Not `over`: it knows the payment, and what was asked about its held money is still to come.
    """
    parameters = {
        "payment_id": payment_id,
        "state": state.value,
        "next_poll": next_poll,
        "over": over,
    }
    await session.run(_CLOSE_OPEN, parameters)


async def close_refund_attempts(
    session: WriteSession, payment_id: UUID, refund_id: UUID, state: AttemptState
) -> None:
    """The provider has answered about the refund: nothing is sent for it any more."""
    parameters = {"payment_id": payment_id, "refund_id": refund_id, "state": state.value}
    await session.run(_CLOSE_REFUND, parameters)


async def claim_attempts(
    session: WriteSession,
    *,
    now: datetime,
    real_now: datetime,
    lease_until: datetime,
    limit: int,
    refunds: bool = False,
) -> list[Attempt]:
    """What is due and nobody works on; other workers pass over it until the lease ends.

    `refunds`: the attempts at refunds, and none but them.
    """
    rows = await session.all(
        _CLAIM,
        {
            "now": now,
            "real_now": real_now,
            "lease_until": lease_until,
            "too_far": now + PAUSE_MAX,
            "limit": limit,
            "refunds": refunds,
        },
    )
    return [attempt_of(row) for row in rows]


async def count_send(session: WriteSession, attempt_id: UUID, *, lease_until: datetime) -> None:
    """Committed before each repeat, so a repeat whose process dies is still known as one."""
    await session.run(_COUNT_SEND, {"id": attempt_id, "lease_until": lease_until})


async def uncount_send(session: WriteSession, attempt: Attempt) -> Attempt:
    """As it is after taking back a send that was counted and then not made; call with it locked."""
    await session.run(_UNCOUNT_SEND, {"id": attempt.id})
    return replace(attempt, sends=max(0, attempt.sends - 1))


async def schedule_poll(session: WriteSession, payment_id: UUID, next_at: datetime | None) -> None:
    await session.run(_SCHEDULE_POLL, {"payment_id": payment_id, "next_at": next_at})


async def lock_due_polls(
    session: WriteSession, now: datetime, limit: int
) -> Iterable[tuple[UUID, datetime, datetime | None]]:
    parameters = {"now": now, "too_far": now + POLL_PAUSE_MAX + timedelta(hours=1), "limit": limit}
    rows = await session.all(_CLAIM_POLLS, parameters)
    return [(row["payment_id"], row["created_at"], row["capture_before"]) for row in rows]


async def claim_asking(
    session: WriteSession, payment_id: UUID, *, real_now: datetime, pause: timedelta
) -> bool:
    """True for one caller in `pause`, however many ask, and whatever a clock set back says."""
    parameters = {
        "payment_id": payment_id,
        "real_now": real_now,
        "before": real_now - pause,
        "too_far": real_now + pause,
    }
    return await session.first(_CLAIM_ASKING, parameters) is not None
