"""Do what a person decided about a refund that waits for one, and keep who, why and what it was.

Released, the provider is asked again and its object is applied as ever: what still does not agree
stays held. One that was given up here and made there is booked late, the refund stays canceled.
Closed, it is over: a held refund that has not ended is canceled, its money is on the balance again.
"""

from dataclasses import replace
from datetime import datetime

from billing.flows.settle_decision import ask_about, settle_decision, shown
from billing.flows.settle_outside_refund import settle_outside_refund
from billing.flows.settle_payment import Effect
from billing.flows.settle_refund import (
    claim_of,
    end_refund,
    lock_both,
    settle_refund,
)
from billing.gateway.port import (
    Missing,
    PaymentGateway,
    ProviderRefund,
    RefundAccepted,
    Unknown,
)
from billing.idempotency.rules import Answered, KeyScope
from billing.ledger.kinds import JournalKind
from billing.payments.rules import Payment
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.refunds.checks import CLOSED_BY_STAFF, disagreement, is_foreign
from billing.refunds.queries import get_refund
from billing.refunds.rules import Refund, RefundStatus, ended
from billing.refunds.store import save_refund
from billing.review.problems import StillDisagrees
from billing.review.rules import Action, Decision


async def decide_refund(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    decision: Decision,
    scope: KeyScope | None = None,
) -> Answered:
    """200 with the review's item as it is afterwards.

    Raises RefundNotFound, a DecisionError that says why nothing is changed, IdempotencyKeyReused.
    """

    async def find(provider_id: str) -> ProviderRefund | Missing | Unknown:
        seen = await gateway.find_refund(provider_id)
        return seen.refund if isinstance(seen, RefundAccepted) else seen

    look = await ask_about(db, decision, get_refund, find)

    async def lock(session: WriteSession) -> Refund:
        _, refund = await lock_both(session, decision.item_id)
        return refund

    async def act(session: WriteSession, refund: Refund, now: datetime) -> None:
        payment = await lock_payment(session, refund.payment_id)
        if decision.action is Action.CLOSE:
            await _close(session, payment, refund, now)
        elif refund.is_final:
            await _release_final(session, payment, refund, shown(look), now)
        else:
            await _release_open(session, refund, shown(look), now)

    return await settle_decision(db, clock, decision, scope, lock=lock, act=act)


async def _release_open(
    session: WriteSession, refund: Refund, seen: ProviderRefund, now: datetime
) -> None:
    # Its last word forgotten, whatever agrees now is news: so what is still open is asked about on.
    await save_refund(session, replace(refund, quarantine_reason=None, provider_status=None), now)
    settled = await settle_refund(session, refund.id, seen, now)
    if settled.effect is Effect.FOREIGN or settled.refund.quarantine_reason is not None:
        reason = settled.refund.quarantine_reason or "another object"
        raise StillDisagrees(f"it still does not agree: {reason}")


async def _release_final(
    session: WriteSession, payment: Payment, refund: Refund, seen: ProviderRefund, now: datetime
) -> None:
    """Nothing moves it any more, but money that went to the card all the same is booked late."""
    # Two different ends are for what follows to judge, every other doubt is one.
    claimed, heard = claim_of(seen), replace(refund, provider_status=seen.status)
    reason = disagreement(heard, payment.provider_id, claimed)
    if reason is not None or is_foreign(refund, claimed):
        raise StillDisagrees(f"it still does not agree: {reason or 'another object'}")
    late = refund.status is RefundStatus.CANCELED and seen.status == RefundStatus.SUCCEEDED
    if seen.status != refund.status and not late:
        raise StillDisagrees(f"it is {refund.status.value} here and {seen.status} there")
    if late and payment.refunded_minor + refund.amount.minor > payment.captured_minor:
        raise StillDisagrees("all that was taken is refunded without it")
    freed = await save_refund(
        session, replace(heard, provider_id=seen.id, quarantine_reason=None), now
    )
    if late:
        await settle_outside_refund(session, payment, freed, JournalKind.LATE_REFUND, now)


async def _close(session: WriteSession, payment: Payment, refund: Refund, now: datetime) -> None:
    if refund.quarantine_reason is None:
        return
    closed = replace(refund, quarantine_reason=None)
    if refund.is_final:
        await save_refund(session, closed, now)
        return
    over = ended(closed, RefundStatus.CANCELED, now, reason=CLOSED_BY_STAFF)
    await end_refund(session, payment, over, now)
