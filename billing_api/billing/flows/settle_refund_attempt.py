"""What an attempt to refund came to: accepted, refused, or nobody can tell.

Runs inside the caller's transaction, after the call. Only a first send that was clearly refused
gives the money back to the balance; a refused repeat says nothing of the send before it, so the
refund is looked for.
"""

from datetime import datetime
from uuid import UUID

from billing.flows.settle_later import NotThere, refused_later, unknown_later
from billing.flows.settle_payment import Effect
from billing.flows.settle_refund import end_refund, lock_both, settle_refund
from billing.gateway.port import RefundAccepted, RefundOutcome, Refused, Unknown
from billing.payments.attempt_store import lock_attempt, mark_attempt
from billing.payments.attempts import AttemptState
from billing.platform.database import WriteSession
from billing.refunds import rules
from billing.refunds.rules import Refund, RefundStatus


async def settle_refund_attempt(
    session: WriteSession,
    refund_id: UUID,
    attempt_id: UUID,
    outcome: RefundOutcome | NotThere,
    now: datetime,
) -> Refund:
    if isinstance(outcome, RefundAccepted):
        settled = await settle_refund(session, refund_id, outcome.refund, now)
        # A second object of one refund would mean money given twice: it stands in the review.
        word = "second_object" if settled.effect is Effect.FOREIGN else "accepted"
        await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome=word)
        return settled.refund
    payment, refund = await lock_both(session, refund_id)
    attempt = await lock_attempt(session, attempt_id)
    if not refund.undecided or refund.quarantine_reason is not None:
        # Somebody else brought the answer meanwhile, or a person decides: nothing is repeated.
        await mark_attempt(session, attempt_id, AttemptState.ACCEPTED, outcome="overtaken")
        return refund
    match outcome:
        case NotThere():
            state, why = AttemptState.LOST, "provider_never_received"
        case Refused():
            if await refused_later(session, attempt, outcome, refund.created_at, now):
                return refund
            state, why = AttemptState.REFUSED, outcome.code
        case Unknown():
            await unknown_later(session, attempt, outcome, now)
            return refund
    await mark_attempt(session, attempt_id, state, outcome=why)
    over = rules.ended(refund, RefundStatus.CANCELED, now, reason=why)
    return await end_refund(session, payment, over, now)
