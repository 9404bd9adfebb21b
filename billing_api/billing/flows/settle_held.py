"""What an attempt to capture held money or to give it back came to. In the caller's transaction.

Whatever it came to, the payment itself moves only by the provider's object: here through its
answer, else through the polls.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from billing.flows.settle_later import try_anew_later, unknown_later
from billing.flows.settle_payment import save_and_tell, settle_payment
from billing.gateway.port import Accepted, CancelOutcome, CaptureOutcome, Refused, Shop, Unknown
from billing.payments.attempt_store import (
    lock_attempt,
    mark_attempt,
    open_cancel_attempt,
    schedule_poll,
)
from billing.payments.attempts import Attempt, AttemptKind, AttemptState
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.database import WriteSession


async def settle_held(
    session: WriteSession,
    payment_id: UUID,
    attempt_id: UUID,
    outcome: CancelOutcome | CaptureOutcome,
    *,
    shop: Shop,
    now: datetime,
) -> Payment:
    if isinstance(outcome, Accepted):
        settled = await settle_payment(session, payment_id, outcome.payment, shop, now)
        await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome="accepted")
        return settled.payment
    payment = await lock_payment(session, payment_id)
    attempt = await lock_attempt(session, attempt_id)
    match outcome:
        case _ if payment.is_final or payment.quarantine_reason is not None:
            await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome="overtaken")
        case Refused(temporary=True):
            await try_anew_later(session, attempt, outcome, now)
        case Refused():
            # Captured, or canceled already: its own object tells which.
            await mark_attempt(session, attempt_id, AttemptState.REFUSED, outcome=outcome.code)
            await schedule_poll(session, payment_id, now)
            if attempt.kind is AttemptKind.CAPTURE:
                return await _not_captured(session, payment, attempt, now)
        case Unknown():
            await unknown_later(session, attempt, outcome, now)
    return payment


async def _not_captured(
    session: WriteSession, payment: Payment, attempt: Attempt, now: datetime
) -> Payment:
    """A refused repeat says nothing of the send before it, so only a first one drops the wish."""
    if attempt.sends == 1:
        payment = await save_and_tell(session, replace(payment, capture_wish_minor=None), now)
    if payment.cancel_requested_at and payment.status is PaymentStatus.WAITING_FOR_CAPTURE:
        # Asked to cancel while it was being captured: now there is something to give back.
        await open_cancel_attempt(session, payment.id, at=now, lease_until=None)
    return payment
