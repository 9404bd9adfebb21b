"""Writes of the inbox: stored before it is answered, worked on later, all on real time."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.inbox.rules import Arrival, Hint, Notification, Outcome
from billing.platform.database import WriteSession
from billing.platform.ids import new_id

# A repeat of one that did not settle is looked at again: the provider may know more by now.
_KEEP = text("""
    INSERT INTO inbox (id, event, object_id, body, body_hash, source, request_id, copies,
                       received_at, last_received_at, attempts, next_at)
    VALUES (:id, :event, :object_id, :body, :body_hash, :source, :request_id, 1,
            :at, :at, 0, :at)
    ON CONFLICT (event, object_id, body_hash) DO UPDATE SET
        copies = inbox.copies + 1, last_received_at = excluded.last_received_at,
        next_at = CASE WHEN inbox.outcome IS NULL OR inbox.outcome = 'settled'
                       THEN inbox.next_at ELSE excluded.next_at END,
        outcome = CASE WHEN inbox.outcome = 'settled' THEN inbox.outcome END
    RETURNING copies
""")
_CLAIM = text("""
    UPDATE inbox SET lease_until = :lease_until, attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM inbox
        WHERE outcome IS NULL AND next_at <= :now
          AND (lease_until IS NULL OR lease_until < :now)
        ORDER BY next_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING id, event, object_id, attempts, request_id
""")
_FINISH = text("""
    UPDATE inbox SET outcome = :outcome, processed_at = :at, lease_until = NULL, next_at = NULL
    WHERE id = :id
""")
_LATER = text("UPDATE inbox SET next_at = :next_at, lease_until = NULL WHERE id = :id")


async def keep_notification(
    session: WriteSession, arrival: Arrival, hint: Hint, at: datetime
) -> int:
    """How many times this very body has come."""
    row = await session.one(
        _KEEP,
        {
            "id": new_id(),
            "event": hint.event,
            "object_id": hint.object_id,
            "body": arrival.body,
            "body_hash": hashlib.sha256(arrival.body).digest(),
            "source": arrival.source,
            "request_id": arrival.request_id,
            "at": at,
        },
    )
    return int(row["copies"])


async def claim_notifications(
    session: WriteSession, *, now: datetime, lease_until: datetime, limit: int
) -> list[Notification]:
    rows = await session.all(_CLAIM, {"now": now, "lease_until": lease_until, "limit": limit})
    return [Notification(**row) for row in rows]


async def finish_notification(
    session: WriteSession, notification_id: UUID, outcome: Outcome, at: datetime
) -> None:
    await session.run(_FINISH, {"id": notification_id, "outcome": outcome.value, "at": at})


async def postpone_notification(
    session: WriteSession, notification_id: UUID, next_at: datetime
) -> None:
    await session.run(_LATER, {"id": notification_id, "next_at": next_at})
