"""Finish refunds that a time-out, a crash or the provider's bad day left open.

Within the key's window the same bytes go out under the same key. After it nothing is ever posted
again: the provider's list of the payment's refunds is searched for our id.
"""

from uuid import UUID

from billing.flows.settle_due import (
    CALL_SECONDS,
    CLOCK_SKEW,
    count_repeat,
    look_again_later,
    renew,
    settle_due,
    settle_turn,
)
from billing.flows.settle_later import NotThere
from billing.flows.settle_refund_attempt import settle_refund_attempt
from billing.gateway.lists import ListUnreadableError, every_refund
from billing.gateway.port import (
    PaymentGateway,
    RefundAccepted,
    RefundOutcome,
    Unknown,
)
from billing.payments.attempts import Attempt, AttemptState, key_is_fresh
from billing.payments.queries import get_payment
from billing.platform.budget import Budget
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database


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
    if attempt.state is AttemptState.WAITING:
        sending = await renew(db, clock, attempt)
    else:
        sending = attempt if await count_repeat(db, clock, attempt) else None
    if sending is None:
        return
    outcome = await gateway.create_refund(sending.id, sending.body, seconds=CALL_SECONDS)
    await _settle(db, clock, sending, refund_id, outcome)


async def _look_for(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt, refund_id: UUID
) -> None:
    outcome = await _search(db, gateway, clock, attempt, refund_id)
    if not await look_again_later(db, clock, attempt, outcome):
        await _settle(db, clock, attempt, refund_id, outcome)


async def _search(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt, refund_id: UUID
) -> RefundAccepted | NotThere | Unknown:
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
    return NotThere()


async def _settle(
    db: Database,
    clock: Clock,
    attempt: Attempt,
    refund_id: UUID,
    outcome: RefundOutcome | NotThere,
) -> None:
    await settle_turn(
        db,
        lambda session: settle_refund_attempt(session, refund_id, attempt.id, outcome, clock.now()),
    )
