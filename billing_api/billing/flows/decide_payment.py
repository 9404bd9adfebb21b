"""Do what a person decided about a payment that waits for one, and keep who, why and what it was.

Released, the provider is asked again and its object is applied as ever: what still does not agree
stays held. Money taken for a payment that was given up here is booked late, the payment stays
canceled. Closed, it is over: a held payment that nobody may book ends canceled.
"""

from dataclasses import replace
from datetime import datetime

from billing.flows.settle_credit import settle_credit
from billing.flows.settle_payment import Effect, claim_of, save_and_tell, settle_payment
from billing.gateway.port import Accepted, PaymentGateway, ProviderPayment, Shop
from billing.ledger.kinds import JournalKind
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.checks import disagreement, is_foreign
from billing.payments.decision_store import keep_decision
from billing.payments.decisions import (
    CLOSED_BY_STAFF,
    Action,
    Decision,
    DecisionError,
    check_closable,
    why_in_review,
)
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession


async def decide_payment(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    decision: Decision,
    provider_id: str | None = None,
) -> Payment:
    """The payment as it is afterwards. Raises PaymentNotFound and DecisionError.

    `provider_id` names the provider's object where we do not know it.
    """
    now = clock.now()
    if decision.action is Action.CLOSE:
        return await db.transact(lambda session: _close(session, decision, now))
    async with db.read() as session:
        payment = await get_payment(session, decision.payment_id, None)
    _held_for(payment)
    asked = payment.provider_id or provider_id
    if asked is None:
        raise DecisionError("we do not know the provider's id of it: name it")
    seen = await gateway.find_payment(asked)
    if not isinstance(seen, Accepted):
        raise DecisionError(f"the provider does not show {asked}: {seen}")
    found, shop = seen.payment, gateway.shop
    return await db.transact(lambda session: _release(session, decision, found, shop, now))


def _held_for(payment: Payment) -> str:
    if payment.quarantine_reason is None:
        raise DecisionError("it is not held")
    return payment.quarantine_reason


async def _release(
    session: WriteSession, decision: Decision, seen: ProviderPayment, shop: Shop, now: datetime
) -> Payment:
    payment = await lock_payment(session, decision.payment_id)
    await keep_decision(session, decision, found=_held_for(payment), at=now)
    freed = replace(payment, quarantine_reason=None)
    if payment.status is PaymentStatus.CANCELED and seen.status == PaymentStatus.SUCCEEDED:
        return await _book_late(session, freed, seen, shop, now)
    await save_and_tell(session, freed, now)
    settled = await settle_payment(session, payment.id, seen, shop, now)
    if settled.effect is Effect.FOREIGN or settled.payment.quarantine_reason is not None:
        raise DecisionError(f"it still does not agree: {settled.payment.quarantine_reason}")
    return settled.payment


async def _book_late(
    session: WriteSession, payment: Payment, seen: ProviderPayment, shop: Shop, now: datetime
) -> Payment:
    claimed = claim_of(seen)
    reason = disagreement(
        payment, claimed, account_id=shop.account_id, accepts_test=shop.accepts_test
    )
    if reason is not None or is_foreign(payment, claimed):
        raise DecisionError(f"it does not agree: {reason or 'another object'}")
    taken = seen.amount or payment.amount
    booked = replace(payment, provider_id=seen.id, provider_status=seen.status, test=seen.test)
    booked = replace(booked, captured_minor=taken.minor)
    booked = await save_and_tell(session, booked, now)
    await settle_credit(session, booked, JournalKind.LATE_PAYMENT, now)
    await add_event(session, "payment.booked_late", booked.id, at=now, data=rules.snapshot(booked))
    return booked


async def _close(session: WriteSession, decision: Decision, now: datetime) -> Payment:
    payment = await lock_payment(session, decision.payment_id)
    check_closable(payment)
    await keep_decision(session, decision, found=why_in_review(payment), at=now)
    if payment.quarantine_reason is None:
        return payment
    closed = replace(payment, quarantine_reason=None, undecided=False)
    if not payment.is_final:
        closed = rules.given_up(closed, CLOSED_BY_STAFF, now)
        await add_event(session, "payment.canceled", closed.id, at=now, data=rules.snapshot(closed))
    return await save_and_tell(session, closed, now)
