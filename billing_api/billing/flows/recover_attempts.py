"""Finish what a time-out, a crash or the provider's bad day left open.

Within the key's window the same bytes go out under the same key. After it nothing is ever posted
again: the provider's list is searched for our id.

How many are taken on is limited by what the provider is asked at all (its breaker) and by a budget
of repeats: what is not taken on is not counted and stays due.
"""

from dataclasses import replace

from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_due import (
    CALL_SECONDS,
    CLOCK_SKEW,
    count_repeat,
    look_again_later,
    renew,
    settle_due,
    settle_turn,
)
from billing.flows.settle_held import settle_held
from billing.flows.settle_later import NotThere
from billing.flows.settle_payment import save_and_tell, settle_payment
from billing.gateway.lists import ListUnreadableError, every_payment
from billing.gateway.port import Accepted, CreateOutcome, PaymentGateway, Unknown
from billing.payments.attempt_store import (
    lock_as_read,
    mark_attempt,
    open_attempt,
    open_cancel_attempt,
)
from billing.payments.attempts import (
    LOOKUP_PAUSE,
    LOOKUP_UNTIL,
    Attempt,
    AttemptKind,
    AttemptState,
    key_is_fresh,
)
from billing.payments.queries import get_payment
from billing.payments.rules import PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.budget import Budget
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database, WriteSession


async def recover_attempts(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    *,
    limit: int = 20,
    budget: Budget | None = None,
) -> int:
    """How many were worked on; without a budget as many as are due."""
    due = await settle_due(db, gateway, clock, limit=limit, budget=budget, refunds=False)

    async def work(attempt: Attempt) -> None:
        await _recover(db, gateway, clock, attempt)

    await each(due, work, at_once=limit)
    return len(due)


async def _recover(db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt) -> None:
    if attempt.state is AttemptState.WAITING:
        async with db.read() as session:
            payment = await get_payment(session, attempt.payment_id, None)
        if attempt.kind is AttemptKind.CREATE and payment.cancel_requested_at is not None:
            # Refused until now and no longer wanted: it is never made at all.
            await _settle(db, gateway, clock, attempt, NotThere())
            return
        if attempt.kind is AttemptKind.CAPTURE and payment.cancel_requested_at is not None:
            await _release_instead(db, clock, attempt)
            return
        renewed = await renew(db, clock, attempt)
        if renewed is not None:
            await _send(db, gateway, clock, renewed)
    elif attempt.state is AttemptState.LOOKUP or not key_is_fresh(attempt, clock.now()):
        await _look_for(db, gateway, clock, attempt)
    elif await count_repeat(db, clock, attempt):
        await _send(db, gateway, clock, attempt)


async def _send(db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt) -> None:
    if attempt.kind is not AttemptKind.CREATE:
        await _send_held(db, gateway, clock, attempt)
        return
    outcome = await gateway.create_payment(attempt.id, attempt.body, seconds=CALL_SECONDS)
    await _settle(db, gateway, clock, attempt, outcome)


async def _send_held(db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt) -> None:
    provider_id = await _provider_id(db, attempt)
    if attempt.kind is AttemptKind.CAPTURE:
        outcome = await gateway.capture_payment(
            attempt.id, provider_id, attempt.body, seconds=CALL_SECONDS
        )
    else:
        outcome = await gateway.cancel_payment(attempt.id, provider_id, seconds=CALL_SECONDS)
    await settle_turn(
        db,
        lambda session: settle_held(
            session, attempt.payment_id, attempt.id, outcome, shop=gateway.shop, now=clock.now()
        ),
    )


async def _release_instead(db: Database, clock: Clock, attempt: Attempt) -> None:
    """Refused until now, and its cancellation was asked for meanwhile."""
    now = clock.now()

    async def release(session: WriteSession) -> None:
        payment = await lock_payment(session, attempt.payment_id)
        if not await lock_as_read(session, attempt):
            return
        await mark_attempt(session, attempt.id, AttemptState.REFUSED, outcome="no_longer_wanted")
        await save_and_tell(session, replace(payment, capture_wish_minor=None), now)
        await open_cancel_attempt(session, payment.id, at=now, lease_until=None)

    await db.transact(release)


async def _look_at_held(
    db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt
) -> None:
    """The old key is no good any more: where the money is still held, a new attempt begins."""
    seen = await gateway.find_payment(await _provider_id(db, attempt))
    now = clock.now()
    async with db.begin() as session:
        if not isinstance(seen, Accepted):
            next_at = now + LOOKUP_PAUSE
            await mark_attempt(session, attempt.id, AttemptState.LOOKUP, next_at=next_at)
            return
        settled = await settle_payment(session, attempt.payment_id, seen.payment, gateway.shop, now)
        await mark_attempt(session, attempt.id, AttemptState.LOST, outcome="key_too_old")
        if settled.payment.status is PaymentStatus.WAITING_FOR_CAPTURE:
            # A capture that was not made until now never will be: money on hold is taken once.
            captures = settled.payment.cancel_requested_at is None
            kind = attempt.kind if captures else AttemptKind.CANCEL
            body = attempt.body if kind is attempt.kind else b"{}"
            await open_attempt(session, attempt.payment_id, kind, body, at=now, lease_until=None)


async def _provider_id(db: Database, attempt: Attempt) -> str:
    async with db.read() as session:
        payment = await get_payment(session, attempt.payment_id, None)
    if payment.provider_id is None:
        raise RuntimeError(f"payment {payment.id} is acted on at a provider that never had it")
    return payment.provider_id


async def _look_for(db: Database, gateway: PaymentGateway, clock: Clock, attempt: Attempt) -> None:
    if attempt.kind is not AttemptKind.CREATE:
        await _look_at_held(db, gateway, clock, attempt)
        return
    outcome = await _search(gateway, attempt)
    if not await look_again_later(db, clock, attempt, outcome):
        await _settle(db, gateway, clock, attempt, outcome)


async def _search(gateway: PaymentGateway, attempt: Attempt) -> Accepted | NotThere | Unknown:
    """The provider cannot filter by our id, so the days around the attempt are read whole."""
    since = attempt.created_at - CLOCK_SKEW
    until = attempt.created_at + LOOKUP_UNTIL + CLOCK_SKEW
    try:
        async for item in every_payment(gateway, since, until):
            if item.payment_uid == str(attempt.payment_id):
                return Accepted(item)
    except ListUnreadableError as error:
        return Unknown(str(error))
    return NotThere()


async def _settle(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    attempt: Attempt,
    outcome: CreateOutcome | NotThere,
) -> None:
    await settle_turn(
        db,
        lambda session: settle_attempt(
            session, attempt.payment_id, attempt.id, outcome, shop=gateway.shop, now=clock.now()
        ),
    )
