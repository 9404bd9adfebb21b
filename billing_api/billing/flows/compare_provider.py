"""Compare our payments with the provider's list of the same days, in both directions.

Reads only. A difference is counted, never repaired here: what to do about it is a person's word.
"""

from datetime import timedelta

from billing.gateway.lists import every_payment
from billing.gateway.port import PaymentGateway, ProviderPayment
from billing.payments.checks import amount_agrees
from billing.payments.queries import list_created
from billing.payments.rules import Payment, PaymentStatus
from billing.platform.clock import Clock
from billing.platform.database import Database

# Around the window: the two sides date a payment by their own clocks.
OVERLAP = timedelta(hours=1)
FINAL_WORDS = frozenset({"succeeded", "canceled"})


async def compare_provider(
    db: Database, gateway: PaymentGateway, clock: Clock, *, days: int
) -> dict[str, int]:
    """How many differences of each kind. Raises ListUnreadableError."""
    until = clock.now()
    since = until - timedelta(days=days)
    theirs = [item async for item in every_payment(gateway, since - OVERLAP, until + OVERLAP)]
    async with db.read() as session:
        ours = await list_created(session, since)
    known = {payment.provider_id for payment in ours if payment.provider_id}
    by_id = {item.id: item for item in theirs}
    checks = {
        "ours with the provider's id are in the provider's list": 0,
        "both sides agree on the amount": 0,
        "both sides agree on what is final": 0,
        "the provider's paid ones with our mark are known here": 0,
    }
    absent, amounts, finals, strangers = checks
    for payment in ours:
        if payment.provider_id is None:
            continue
        item = by_id.get(payment.provider_id)
        if item is None:
            checks[absent] += 1
            continue
        checks[amounts] += not amount_agrees(payment, item.amount, item.status)
        checks[finals] += _contradict(payment, item)
    checks[strangers] = sum(
        1
        for item in theirs
        if item.status == "succeeded"
        and item.payment_uid
        and item.id not in known
        and (item.created_at or since) >= since
    )
    return checks


def _contradict(payment: Payment, item: ProviderPayment) -> bool:
    """One of two is late only where the provider is ahead and we are not at an end."""
    if payment.status is PaymentStatus.PENDING:
        return False
    if payment.quarantine_reason is None and payment.provider_status == item.status:
        return False  # either the same end, or a person has decided about the other one
    return item.status in FINAL_WORDS and item.status != payment.status.value
