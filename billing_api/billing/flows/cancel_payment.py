"""Cancel a payment on somebody's word: look, reserve, ask the provider, settle.

Held money is given back at the provider. A payment nobody has paid yet cannot be canceled there:
the wish is kept, the address to pay at is withheld, and the provider ends it in its own time. If it
is paid all the same the money counts and is credited, and a person looks at it.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from billing.flows.settle_held import settle_held
from billing.flows.settle_key import LEASE, settle_answer, settle_claim
from billing.flows.settle_look import settle_look
from billing.flows.settle_payment import save_and_tell
from billing.gateway.port import PaymentGateway
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.attempt_store import open_cancel_attempt
from billing.payments.attempts import Attempt
from billing.payments.problems import PaymentFinal
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession
from billing.platform.strict_json import dump_json

CALL_SECONDS = 7.0


@dataclass(frozen=True, slots=True)
class CancelPayment:
    """`owner` None: the caller may act for every customer."""

    payment_id: UUID
    owner: str | None
    requested_by: str


async def cancel_payment(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    command: CancelPayment,
    scope: KeyScope | None,
) -> Answered:
    """200 at the end of the payment, 202 before it; only a 200 is kept for replay.

    Raises PaymentNotFound, PaymentFinal, IdempotencyKeyReused, IdempotencyInProgress.
    """
    async with db.read() as session:
        known = await get_payment(session, command.payment_id, command.owner)
    # A payer may have been quicker than the notification: better to know before a wish is kept.
    if not known.is_final and known.cancel_requested_at is None:
        await settle_look(db, gateway, clock, known)
    reserved = await db.transact(lambda session: _reserve(session, clock, command, scope))
    if isinstance(reserved, Answered):
        return reserved
    attempt, provider_id = reserved
    crash_point(CrashPoint.CANCEL_INTENT_KEPT)
    outcome = await gateway.cancel_payment(attempt.id, provider_id, seconds=CALL_SECONDS)
    crash_point(CrashPoint.CANCEL_ANSWERED)

    async def settle(session: WriteSession) -> None:
        await settle_held(
            session, attempt.payment_id, attempt.id, outcome, shop=gateway.shop, now=clock.now()
        )
        crash_point(CrashPoint.CANCEL_SETTLED)

    await db.transact(settle)
    crash_point(CrashPoint.CANCEL_DONE)

    # Apart from the settling: an answer that refuses must not undo a credit.
    async def answer(session: WriteSession) -> Answered:
        return await _answer(session, await lock_payment(session, attempt.payment_id), scope)

    return await db.transact(answer)


async def _reserve(
    session: WriteSession, clock: Clock, command: CancelPayment, scope: KeyScope | None
) -> Answered | tuple[Attempt, str]:
    """The answer where it is known without asking, else what to ask the provider."""
    claim = await settle_claim(session, clock, scope, command.payment_id)
    payment = await lock_payment(session, command.payment_id)
    if claim is not None and not claim.is_new:
        if claim.answer is not None:
            return Answered(payment.id, claim.answer, replayed=True)
        return await _answer(session, payment, scope)
    if payment.is_final:
        raise _final(payment)
    payment = await _keep_wish(session, payment, command, clock)
    attempt = None
    if payment.status is PaymentStatus.WAITING_FOR_CAPTURE and not payment.quarantine_reason:
        attempt = await open_cancel_attempt(
            session, payment.id, at=clock.now(), lease_until=clock.real_now() + LEASE
        )
    if attempt is None or payment.provider_id is None:
        return await _answer(session, payment, scope)
    crash_point(CrashPoint.CANCEL_INTENT_WRITTEN)
    return attempt, payment.provider_id


async def _keep_wish(
    session: WriteSession, payment: Payment, command: CancelPayment, clock: Clock
) -> Payment:
    """The first wish counts; a later one finds it kept."""
    if payment.cancel_requested_at is not None:
        return payment
    now = clock.now()
    wished = replace(payment, cancel_requested_at=now, cancel_requested_by=command.requested_by)
    wished = await save_and_tell(session, wished, now)
    data = rules.snapshot(wished)
    await add_event(session, "payment.cancel_requested", wished.id, at=now, data=data)
    return wished


async def _answer(session: WriteSession, payment: Payment, scope: KeyScope | None) -> Answered:
    if payment.status is PaymentStatus.SUCCEEDED:
        raise _final(payment)
    over = payment.is_final
    answer = StoredAnswer(200 if over else 202, dump_json(rules.describe(payment)))
    await settle_answer(session, scope, answer, final=over)
    return Answered(payment.id, answer, replayed=False)


def _final(payment: Payment) -> PaymentFinal:
    return PaymentFinal(f"the payment is {payment.status.value} and stays so")
