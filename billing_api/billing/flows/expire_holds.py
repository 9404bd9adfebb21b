"""End the holds whose time is over. One transaction each; two workers find one end."""

from uuid import UUID

from billing.charges.rules import Parts
from billing.flows.settle_hold import settle_hold
from billing.holds.queries import list_due
from billing.holds.rules import HoldStatus
from billing.holds.store import lock_hold
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database, WriteSession

AT_ONCE = 4


async def expire_holds(db: Database, clock: Clock, *, limit: int = 50) -> int:
    """How many were ended; one that fails waits for the next round."""
    now = clock.now()
    async with db.read() as session:
        due = await list_due(session, now, limit)

    done: list[int] = []

    async def work(hold_id: UUID) -> None:
        async def end(session: WriteSession) -> None:
            hold = await lock_hold(session, hold_id)
            if hold.status is HoldStatus.HELD:
                await settle_hold(session, hold, HoldStatus.EXPIRED, Parts(0, 0), now)

        await db.transact(end)
        done.append(1)

    await each(due, work, at_once=AT_ONCE)
    return len(done)
