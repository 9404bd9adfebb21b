"""Take the payments whose turn to be asked about has come, and set their next turn.

The next turn is set before the asking, so a worker that dies costs one turn and nothing else.
"""

from uuid import UUID

from billing.payments.attempt_store import lock_due_polls, schedule_poll
from billing.payments.rules import next_poll
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database


async def claim_polls(db: Database, clock: Clock, limit: int) -> list[UUID]:
    now = clock.now()
    async with db.begin() as session:
        due = await lock_due_polls(session, now, limit)
        for payment_id, created_at, capture_before in due:
            next_at = next_poll(created_at, now, capture_before)
            await schedule_poll(session, payment_id, next_at)
    crash_point(CrashPoint.POLL_TURN_SET)
    return [payment_id for payment_id, *_ in due]
