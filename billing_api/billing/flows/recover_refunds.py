"""Finish refunds that a time-out, a crash or the provider's bad day left open.

Within the key's window the same bytes go out under the same key. After it nothing is ever posted
again: the provider's list of the payment's refunds is searched for our id.
"""

from datetime import timedelta
from uuid import UUID

from billing.flows.settle_due import count_repeat, renew, settle_due, settle_turn
from billing.flows.settle_refund_attempt import RefundNotThere, settle_refund_attempt
from billing.gateway.lists import ListUnreadableError, every_refund
from billing.gateway.port import (
    PaymentGateway,
    RefundAccepted,
    RefundOutcome,
    Unknown,
)
from billing.payments.attempt_store import mark_attempt
from billing.payments.attempts import (
    LOOKUP_PAUSE,
    LOOKUP_UNTIL,
    Attempt,
    AttemptState,
    key_is_fresh,
)
from billing.payments.queries import get_payment
from billing.platform.budget import Budget
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database

CALL_SECONDS = 35.0
CLOCK_SKEW = timedelta(hours=1)


async def recover_refunds(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    *,
    limit: int = 20,
    budget: Budget | None = None,
) -> int:
    """How many attempts were worked on; without a budget as many as are due."""
    due = await settle_due(db, gateway, clock, limit=limit, budget=budget, refunds=True)

    async def work(attempt: Attempt) -> None:
        if attempt.refund_id is not None:
            await _recover(db, gateway, clock, attempt, attempt.refund_id)

    await each(due, work, at_once=limit)
    return len(due)


async def _recover(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt, refund_id: UUID
) -> None:
    if attempt.state is AttemptState.LOOKUP or (
        attempt.state is not AttemptState.WAITING and not key_is_fresh(attempt, clock.now())
    ):
        await _look_for(db, gateway, clock, attempt, refund_id)
        return
    sending: Attempt | None = attempt
    if attempt.state is AttemptState.WAITING:
        sending = await renew(db, clock, attempt)
    elif not await count_repeat(db, clock, attempt):
        sending = None
    if sending is None:
        return
    outcome = await gateway.create_refund(sending.id, sending.body, seconds=CALL_SECONDS)
    await _settle(db, clock, sending, refund_id, outcome)


async def _look_for(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt, refund_id: UUID
) -> None:
    outcome = await _search(db, gateway, clock, attempt, refund_id)
    age = clock.now() - attempt.created_at
    if isinstance(outcome, Unknown) or (isinstance(outcome, RefundNotThere) and age < LOOKUP_UNTIL):
        why = outcome.why if isinstance(outcome, Unknown) else "not_there_yet"
        next_at = clock.now() + LOOKUP_PAUSE
        async with db.begin() as session:
            await mark_attempt(
                session, attempt.id, AttemptState.LOOKUP, next_at=next_at, outcome=why
            )
        return
    await _settle(db, clock, attempt, refund_id, outcome)


async def _search(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt, refund_id: UUID
) -> RefundAccepted | RefundNotThere | Unknown:
    """All of the payment's refunds since the attempt: the provider cannot filter by our id."""
    async with db.read() as session:
        payment = await get_payment(session, attempt.payment_id, None)
    since = attempt.created_at - CLOCK_SKEW
    until = max(clock.now(), attempt.created_at) + CLOCK_SKEW
    provider_id = payment.provider_id
    try:
        async for item in every_refund(gateway, since, until, payment_id=provider_id):
            if item.refund_uid == str(refund_id):
                return RefundAccepted(item)
    except ListUnreadableError as error:
        return Unknown(str(error))
    return RefundNotThere()


async def _settle(
    db: Database,
    clock: Clock,
    attempt: Attempt,
    refund_id: UUID,
    outcome: RefundOutcome | RefundNotThere,
) -> None:
    await settle_turn(
        db,
        lambda session: settle_refund_attempt(session, refund_id, attempt.id, outcome, clock.now()),
    )
