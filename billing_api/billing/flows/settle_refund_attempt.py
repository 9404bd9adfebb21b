"""What an attempt to refund came to: accepted, refused, or nobody can tell.

Runs inside the caller's transaction, after the call. Only a first send that was clearly refused
gives the money back to the balance; a refused repeat says nothing of the send before it, so the
refund is looked for.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.flows.settle_later import (
    look_for,
    repeat_later,
    try_anew_later,
    unknown_later,
)
from billing.flows.settle_refund import RefundEffect, end_refund, lock_both, settle_refund
from billing.gateway.port import RefundAccepted, RefundOutcome, Refused, Unknown
from billing.payments.attempt_store import lock_attempt, mark_attempt
from billing.payments.attempts import KEY_WINDOW, AttemptState
from billing.platform.database import WriteSession
from billing.refunds import rules
from billing.refunds.rules import Refund, RefundStatus


@dataclass(frozen=True, slots=True)
class RefundNotThere:
    """The provider's whole list was read and the refund is not in it."""


async def settle_refund_attempt(
    session: WriteSession,
    refund_id: UUID,
    attempt_id: UUID,
    outcome: RefundOutcome | RefundNotThere,
    now: datetime,
) -> Refund:
    payment, refund = await lock_both(session, refund_id)
    attempt = await lock_attempt(session, attempt_id)
    match outcome:
        case RefundAccepted():
            settled = await settle_refund(session, refund_id, outcome.refund, now)
            # A second object of one refund would mean money given twice: it is looked at.
            word = "second_object" if settled.effect is RefundEffect.FOREIGN else "accepted"
            await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome=word)
            return settled.refund
        case _ if not refund.undecided or refund.quarantine_reason is not None:
            # Somebody else brought the answer meanwhile, or a person decides: nothing is repeated.
            await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome="overtaken")
            return refund
        case RefundNotThere():
            why = "provider_never_received"
        case Refused() if attempt.sends > 1:
            if outcome.temporary:
                await repeat_later(session, attempt, outcome.code, now)
            else:
                await look_for(session, attempt, outcome.code, now)
            return refund
        case Refused() if outcome.temporary and now - refund.created_at < KEY_WINDOW:
            await try_anew_later(session, attempt, outcome, now)
            return refund
        case Refused():
            why = outcome.code
        case Unknown():
            await unknown_later(session, attempt, outcome, now)
            return refund
    refused = isinstance(outcome, Refused)
    state = AttemptState.REFUSED if refused else AttemptState.LOST
    await mark_attempt(session, attempt_id, state, outcome=why)
    over = rules.ended(refund, RefundStatus.CANCELED, now, reason=why)
    return await end_refund(session, payment, over, now)
