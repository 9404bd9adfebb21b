"""Apply a refund of the provider that somebody has come upon: in a notification, or in its list.

Ours it settles; one made in the provider's cabinet is kept and booked once it has succeeded. Runs
inside the caller's transaction.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.flows.settle_outside_refund import settle_outside_refund
from billing.flows.settle_payment import Effect
from billing.flows.settle_refund import settle_refund
from billing.gateway.port import ProviderRefund
from billing.ledger.kinds import JournalKind
from billing.payments.checks import parse_uid
from billing.payments.queries import find_payment_id
from billing.payments.store import lock_payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.refunds.queries import find_refund_id
from billing.refunds.rules import Origin, Refund, RefundStatus, RefundTo
from billing.refunds.store import add_refund

CABINET_REASON = "made in the provider's cabinet"


class SeenRefund(StrEnum):
    SETTLED = "settled"
    UNCHANGED = "unchanged"
    MISMATCH = "mismatch"  # ours, and held for a person
    STRANGE = "strange"  # of the cabinet, and not what was taken for the payment: kept nowhere
    UNKNOWN_PAYMENT = "unknown_payment"


async def settle_seen_refund(
    session: WriteSession, seen: ProviderRefund, now: datetime
) -> SeenRefund:
    known = await find_refund_id(session, seen.id, parse_uid(seen.refund_uid))
    if known is not None:
        settled = await settle_refund(session, known, seen, now)
        if settled.effect in {Effect.FOREIGN, Effect.QUARANTINED}:
            return SeenRefund.MISMATCH
        return SeenRefund.SETTLED if settled.refund.is_final else SeenRefund.UNCHANGED
    if seen.payment_id is None:
        return SeenRefund.UNKNOWN_PAYMENT
    payment_id = await find_payment_id(session, seen.payment_id, None)
    if payment_id is None:
        return SeenRefund.UNKNOWN_PAYMENT
    return await _keep(session, payment_id, seen, now)


async def _keep(
    session: WriteSession, payment_id: UUID, seen: ProviderRefund, now: datetime
) -> SeenRefund:
    if seen.status != RefundStatus.SUCCEEDED:
        # It takes no money of ours yet; the list is read again until it does.
        return SeenRefund.UNCHANGED
    payment = await lock_payment(session, payment_id)
    if await find_refund_id(session, seen.id, None) is not None:
        return SeenRefund.SETTLED  # somebody else was first with it, while we waited
    left = payment.captured_minor - payment.refunded_minor
    amount = seen.amount
    if amount is None or amount.currency != payment.amount.currency or amount.minor > left:
        # More than we ever took for it: our books or theirs are wrong, and a person finds out.
        return SeenRefund.STRANGE
    refund = _found(payment_id, payment.customer_id, amount, seen, now)
    await add_refund(session, refund)
    await settle_outside_refund(session, payment, refund, JournalKind.CABINET_REFUND, now)
    return SeenRefund.SETTLED


def _found(
    payment_id: UUID, customer_id: str, amount: Money, seen: ProviderRefund, now: datetime
) -> Refund:
    return Refund(
        id=new_id(),
        payment_id=payment_id,
        customer_id=customer_id,
        status=RefundStatus.SUCCEEDED,
        amount=amount,
        reason=CABINET_REASON,
        to=RefundTo.CARD,
        origin=Origin.CABINET,
        requested_by=None,
        provider_id=seen.id,
        provider_status=seen.status,
        undecided=False,
        created_at=seen.created_at or now,
        updated_at=now,
        ended_at=now,
    )
