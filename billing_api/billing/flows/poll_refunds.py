"""Ask the provider about refunds it has not ended: it tells of those that went through, and never
of those it refused.

The next turn is set before the asking, so a worker that dies costs one turn and nothing else.
"""

from billing.flows.settle_refund import settle_refund
from billing.gateway.port import PaymentGateway, RefundAccepted
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database
from billing.refunds.rules import Refund, next_poll
from billing.refunds.store import lock_due_refunds, schedule_refund

AT_ONCE = 8


async def poll_refunds(
    db: Database, gateway: PaymentGateway, clock: Clock, *, limit: int = 20
) -> int:
    """How many were asked about."""
    now = clock.now()
    async with db.begin() as session:
        due = list(await lock_due_refunds(session, now, limit))
        for refund in due:
            await schedule_refund(session, refund.id, next_poll(refund.created_at, now))

    async def work(refund: Refund) -> None:
        await _ask(db, gateway, clock, refund)

    await each(due, work, at_once=AT_ONCE)
    return len(due)


async def _ask(db: Database, gateway: PaymentGateway, clock: Clock, refund: Refund) -> None:
    if refund.provider_id is None:
        raise RuntimeError(f"refund {refund.id} is asked about and the provider has no id for it")
    seen = await gateway.find_refund(refund.provider_id)
    if isinstance(seen, RefundAccepted):
        found = seen.refund
        await db.transact(lambda session: settle_refund(session, refund.id, found, clock.now()))
