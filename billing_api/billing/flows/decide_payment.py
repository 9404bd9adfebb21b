"""Do what a person decided about a payment that waits for one, and keep who, why and what it was.

Released, the provider is asked again and its object is applied as ever: what still does not agree
stays held. Money taken for a payment that was given up here is booked late, the payment stays
canceled. Closed, it is over: a held payment that nobody may book ends canceled.
"""

from dataclasses import replace
from datetime import datetime

from billing.flows.settle_credit import settle_credit
from billing.flows.settle_once import settle_once
from billing.flows.settle_payment import Effect, claim_of, save_and_tell, settle_payment
from billing.gateway.port import Accepted, Missing, PaymentGateway, ProviderPayment, Shop
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.kinds import JournalKind
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.checks import disagreement, is_foreign
from billing.payments.decision_store import keep_decision
from billing.payments.decisions import (
    CLOSED_BY_STAFF,
    Action,
    Decision,
    check_legal,
    why_in_review,
)
from billing.payments.problems import (
    DecisionError,
    ProviderIdNeeded,
    ProviderShowsNothing,
    ProviderSilent,
    StillDisagrees,
)
from billing.payments.queries import get_payment
from billing.payments.review import describe_item
from billing.payments.review_queries import get_reviewed, is_waiting
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.strict_json import dump_json

# What the provider shows, or why it cannot be told; None where it was not asked.
Look = ProviderPayment | DecisionError | None


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
    now, payment_id = clock.now(), decision.payment_id
    look: Look = None
    if decision.action is Action.RELEASE:
        look = await _look(db, gateway, decision)

    async def work(session: WriteSession) -> StoredAnswer:
        payment = await lock_payment(session, payment_id)
        waits = await is_waiting(session, payment_id, now)
        check_legal(payment, decision.action, waits=waits)
        await keep_decision(session, decision, found=why_in_review(payment), at=now)
        if decision.action is Action.CLOSE:
            await _close(session, payment, now)
        else:
            await _release(session, payment, look, gateway.shop, now)
        item = await get_reviewed(session, payment_id, now)
        return StoredAnswer(200, dump_json(describe_item(item)))

    return await settle_once(db, clock, scope, payment_id, work)


async def _look(db: Database, gateway: PaymentGateway, decision: Decision) -> Look:
    """Raises PaymentNotFound. What else is wrong waits for the key: a repeat has its first answer
    whatever became of the payment since.
    """
    async with db.read() as session:
        payment = await get_payment(session, decision.payment_id, None)
    if payment.quarantine_reason is None:
        return None
    asked = payment.provider_id or decision.provider_id
    if asked is None:
        return ProviderIdNeeded("we do not know the provider's id of it: name it")
    if decision.provider_id not in {None, asked}:
        return StillDisagrees(f"we know it as the provider's {asked}")
    seen = await gateway.find_payment(asked)
    if isinstance(seen, Accepted):
        return seen.payment
    if isinstance(seen, Missing):
        return ProviderShowsNothing(f"the provider does not show {asked}")
    return ProviderSilent(
        f"the provider does not show {asked} now: {seen}", headers={"Retry-After": "5"}
    )


async def _release(
    session: WriteSession, payment: Payment, look: Look, shop: Shop, now: datetime
) -> None:
    if look is None:
        raise ProviderSilent("it was not held a moment ago: repeat", headers={"Retry-After": "1"})
    if isinstance(look, DecisionError):
        raise look
    freed = replace(payment, quarantine_reason=None)
    if payment.status is PaymentStatus.CANCELED and look.status == PaymentStatus.SUCCEEDED:
        await _book_late(session, freed, look, shop, now)
        return
    await save_and_tell(session, freed, now)
    settled = await settle_payment(session, payment.id, look, shop, now)
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
