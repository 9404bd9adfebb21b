"""Compare our refunds with the provider's list of the same days, in both directions.

Reads only. A difference is counted, never repaired here: what to do about it is a person's word.
"""

from datetime import timedelta

from billing.gateway.lists import every_refund
from billing.gateway.port import PaymentGateway, ProviderRefund
from billing.payments.queries import find_payment_ids
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.refunds.queries import list_created
from billing.refunds.rules import Refund, RefundStatus

# Around the window: the two sides date a refund by their own clocks.
OVERLAP = timedelta(hours=1)


async def compare_refunds(
    db: Database, gateway: PaymentGateway, clock: Clock, *, days: int
) -> dict[str, int]:
    """How many differences of each kind. Raises ListUnreadableError."""
    until = clock.now()
    since = until - timedelta(days=days)
    theirs = {s.id: s async for s in every_refund(gateway, since - OVERLAP, until + OVERLAP)}
    async with db.read() as session:
        kept = await list_created(session, since - OVERLAP)
        mine = await find_payment_ids(session, [s.payment_id or "" for s in theirs.values()])
    known = {refund.provider_id for refund in kept}
    at_provider = [
        (refund, theirs.get(refund.provider_id))
        for refund in kept
        if refund.provider_id and refund.created_at >= since
    ]
    return {
        "refunds with the provider's id are in the provider's list": sum(
            seen is None for _, seen in at_provider
        ),
        "both sides agree on a refund's amount and payment": sum(
            seen is not None
            and (seen.amount, mine.get(seen.payment_id or "")) != (refund.amount, refund.payment_id)
            for refund, seen in at_provider
        ),
        "both sides agree on a refund's end": sum(
            seen is not None and _contradict(refund, seen) for refund, seen in at_provider
        ),
        "the provider's refunds of our payments are known here": sum(
            seen.status == RefundStatus.SUCCEEDED
            and seen.payment_id in mine
            and seen.id not in known
            and (seen.created_at or since) >= since
            for seen in theirs.values()
        ),
    }


def _contradict(refund: Refund, seen: ProviderRefund) -> bool:
    """One of two is late only where the provider is ahead and we are not at an end."""
    if not refund.is_final or seen.status == refund.status:
        return False
    decided = refund.quarantine_reason is None and refund.provider_status == seen.status
    return not decided
