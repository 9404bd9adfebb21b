"""Forget what only serves repeats: old keys with their answers, and the wake-up queue's log."""

from datetime import timedelta

from billing.idempotency.store import prune_keys
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.platform.wakeups import prune_queue_log

# Longer than anybody repeats a request; the payments themselves stay for good.
KEYS_KEPT = timedelta(days=30)
LOG_KEPT = timedelta(days=1)


async def prune_leftovers(db: Database, clock: Clock) -> int:
    """How many rows went."""
    now = clock.real_now()
    async with db.begin() as session:
        keys = await prune_keys(session, now - KEYS_KEPT)
        return keys + await prune_queue_log(session, now - LOG_KEPT)
