"""Take back promotional money whose time is over. One transaction a customer and currency."""

from billing.balance.store import lock_balance
from billing.flows.settle_promo import settle_promo
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database, WriteSession
from billing.promo.queries import list_due

AT_ONCE = 4


async def expire_promo(db: Database, clock: Clock, *, limit: int = 50) -> int:
    """How many customers lost some; one that fails waits for the next round."""
    now = clock.now()
    async with db.read() as session:
        due = await list_due(session, now, limit)

    done: list[int] = []

    async def work(owner: tuple[str, str]) -> None:
        async def expire(session: WriteSession) -> None:
            await settle_promo(session, await lock_balance(session, *owner, now), now)

        await db.transact(expire)
        done.append(1)

    await each(due, work, at_once=AT_ONCE)
    return len(done)
