"""What an attempt at the provider came to: accepted, refused, or nobody can tell.

Runs inside the caller's transaction, after the call. Only a first send that was clearly refused
ends a payment here; a refused repeat says nothing of the send before it, so it is looked for.
"""

from datetime import datetime
from uuid import UUID

from billing.flows.settle_later import NotThere, refused_later, unknown_later
from billing.flows.settle_payment import Effect, save_and_tell, settle_payment
from billing.gateway.port import Accepted, CreateOutcome, Refused, Shop, Unknown
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.attempt_store import (
    close_attempts,
    lock_attempt,
    mark_attempt,
)
from billing.payments.attempts import AttemptState
from billing.payments.rules import Payment
from billing.payments.store import lock_payment
from billing.platform.database import WriteSession


async def settle_attempt(
    session: WriteSession,
    payment_id: UUID,
    attempt_id: UUID,
    outcome: CreateOutcome | NotThere,
    *,
    shop: Shop,
    now: datetime,
) -> Payment:
    if isinstance(outcome, Accepted):
        settled = await settle_payment(session, payment_id, outcome.payment, shop, now)
        # A second object of one payment would mean money taken twice: it stands in the review.
        word = "second_object" if settled.effect is Effect.FOREIGN else "accepted"
        await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome=word)
        return settled.payment
    payment = await lock_payment(session, payment_id)
    attempt = await lock_attempt(session, attempt_id)
    if not payment.undecided or payment.quarantine_reason is not None:
        # Somebody else brought the answer meanwhile, or a person decides: nothing is repeated.
        await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome="overtaken")
        return payment
    match outcome:
        case NotThere():
            await mark_attempt(session, attempt_id, AttemptState.LOST, outcome="not_there")
            return await _end(session, payment, "provider_never_received", now)
        case Refused():
            if await refused_later(session, attempt, outcome, payment.created_at, now):
                return payment
            await mark_attempt(session, attempt_id, AttemptState.REFUSED, outcome=outcome.code)
            return await _end(session, payment, outcome.code, now)
        case Unknown():
            await unknown_later(session, attempt, outcome, now)
            return payment


async def _end(session: WriteSession, payment: Payment, reason: str, now: datetime) -> Payment:
    """Certainly not done at the provider: the payment is over and says why."""
    ended = await save_and_tell(session, rules.given_up(payment, reason, now), now)
    await close_attempts(session, payment.id, AttemptState.REFUSED, next_poll=None)
    await add_event(session, "payment.canceled", ended.id, at=now, data=rules.snapshot(ended))
    return ended
