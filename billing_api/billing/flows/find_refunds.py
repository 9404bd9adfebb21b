"""Find refunds that nobody told us of: made in the provider's cabinet, or told of in vain.

The provider's list is read from where the last reading ended, with an overlap: one made earlier may
have gone through only since.
"""

from datetime import timedelta

import structlog

from billing.flows.settle_look import settle_look_at
from billing.flows.settle_seen_refund import SeenRefund, settle_seen_refund
from billing.gateway.lists import ListUnreadableError, every_refund
from billing.gateway.port import PaymentGateway, ProviderRefund
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database
from billing.refunds.queries import list_over, read_scan
from billing.refunds.store import keep_scan

# By fast payments a refund takes minutes, by some banks days.
OVERLAP = timedelta(days=3)
# The first reading: as long as the provider may have been refunding without us.
FIRST = timedelta(days=30)
CLOCK_SKEW = timedelta(hours=1)
AT_ONCE = 8
logger = structlog.get_logger("billing.refunds")


async def find_refunds(db: Database, gateway: PaymentGateway, clock: Clock) -> int:
    """How many of ours or of the cabinet's were brought to their end by it."""
    now, shop_id = clock.now(), gateway.shop.account_id
    async with db.read() as session:
        read_until = await read_scan(session, shop_id)
    # A clock that was moved back since: what lies ahead of it is read again in its time.
    since = min(read_until or now - FIRST, now) - OVERLAP
    try:
        found = [seen async for seen in every_refund(gateway, since, now + CLOCK_SKEW)]
    except ListUnreadableError:
        return 0  # the next reading begins where this one did
    async with db.read() as session:
        over = await list_over(session, [seen.id for seen in found])
    left = {seen.id: seen for seen in found if seen.id not in over}
    ended: list[str] = []

    async def work(seen: ProviderRefund) -> None:
        if await _apply(db, gateway, clock, seen):
            ended.append(seen.id)
        del left[seen.id]

    await each(list(left.values()), work, at_once=AT_ONCE)
    if not left:
        async with db.begin() as session:
            await keep_scan(session, shop_id, now)
    return len(ended)


async def _apply(db: Database, gateway: PaymentGateway, clock: Clock, seen: ProviderRefund) -> bool:
    if seen.payment_id is not None:
        await settle_look_at(db, gateway, clock, seen.payment_id)
    did = await db.transact(lambda session: settle_seen_refund(session, seen, clock.now()))
    if did is SeenRefund.STRANGE:
        # Nothing is booked: a person compares, by this line and by `billing verify --provider`.
        logger.warning(
            "a refund does not fit", **{"suite.object": seen.id, "suite.state": seen.status}
        )
    return did is SeenRefund.SETTLED
