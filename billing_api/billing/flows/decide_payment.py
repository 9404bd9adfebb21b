"""Do what a person decided about a payment that waits for one, and keep who, why and what it was.

Released, the provider is asked again and its object is applied as ever: what still does not agree
stays held. Money taken for a payment that was given up here is booked late, the payment stays
canceled. Closed, it is over: a held payment that nobody may book ends canceled.
"""

from dataclasses import replace
from datetime import datetime

from billing.flows.settle_credit import settle_credit
from billing.flows.settle_decision import ask_about, settle_decision, shown
from billing.flows.settle_payment import Effect, claim_of, save_and_tell, settle_payment
from billing.gateway.port import (
    Accepted,
    Missing,
    PaymentGateway,
    ProviderPayment,
    Shop,
    Unknown,
)
from billing.idempotency.rules import Answered, KeyScope
from billing.ledger.kinds import JournalKind
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.checks import CLOSED_BY_STAFF, disagreement, is_foreign
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.review.problems import StillDisagrees
from billing.review.rules import Action, Decision


async def decide_payment(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    decision: Decision,
    scope: KeyScope | None = None,
) -> Answered:
    """200 with the review's item as it is afterwards.

    Raises PaymentNotFound, a DecisionError that says why nothing is changed, IdempotencyKeyReused.
    """

    async def find(provider_id: str) -> ProviderPayment | Missing | Unknown:
        seen = await gateway.find_payment(provider_id)
        return seen.payment if isinstance(seen, Accepted) else seen

    look = await ask_about(db, decision, get_payment, find)

    async def lock(session: WriteSession) -> Payment:
        return await lock_payment(session, decision.item_id)

    async def act(session: WriteSession, payment: Payment, now: datetime) -> None:
        if decision.action is Action.CLOSE:
            await _close(session, payment, now)
        else:
            await _release(session, payment, shown(look), gateway.shop, now)

    return await settle_decision(db, clock, decision, scope, lock=lock, act=act)


async def _release(
    session: WriteSession, payment: Payment, seen: ProviderPayment, shop: Shop, now: datetime
) -> None:
    # Its last word forgotten, what agrees now is news, and so is another end: what is still open
    # is polled on, and what still contradicts is held on.
    freed = replace(payment, quarantine_reason=None, provider_status=None)
    if payment.status is PaymentStatus.CANCELED and seen.status == PaymentStatus.SUCCEEDED:
        await _book_late(session, freed, seen, shop, now)
        return
    await save_and_tell(session, freed, now)
    settled = await settle_payment(session, payment.id, seen, shop, now)
    if settled.effect is Effect.FOREIGN or settled.payment.quarantine_reason is not None:
        reason = settled.payment.quarantine_reason or "another object"
        raise StillDisagrees(f"it still does not agree: {reason}")


async def _book_late(
    session: WriteSession, payment: Payment, seen: ProviderPayment, shop: Shop, now: datetime
) -> None:
    claimed = claim_of(seen)
    reason = disagreement(
        payment, claimed, account_id=shop.account_id, accepts_test=shop.accepts_test
    )
    if reason is not None or is_foreign(payment, claimed):
        raise StillDisagrees(f"it does not agree: {reason or 'another object'}")
    taken = seen.amount or payment.amount
    booked = replace(payment, provider_id=seen.id, provider_status=seen.status, test=seen.test)
    booked = replace(booked, captured_minor=taken.minor)
    booked = await save_and_tell(session, booked, now)
    await settle_credit(session, booked, JournalKind.LATE_PAYMENT, now)
    await add_event(session, "payment.booked_late", booked.id, at=now, data=rules.snapshot(booked))


async def _close(session: WriteSession, payment: Payment, now: datetime) -> None:
    if payment.quarantine_reason is None:
        return
    closed = replace(payment, quarantine_reason=None, undecided=False)
    if not payment.is_final:
        closed = rules.given_up(closed, CLOSED_BY_STAFF, now)
        await add_event(session, "payment.canceled", closed.id, at=now, data=rules.snapshot(closed))
    await save_and_tell(session, closed, now)
