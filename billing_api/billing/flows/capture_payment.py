"""Capture held money on somebody's word, whole or a part: look, reserve, ask the provider, settle.

What is not captured goes back to the payer by itself. The customer is credited what the provider's
object says was taken, by the one apply.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from billing.flows.settle_held import settle_held
from billing.flows.settle_key import LEASE, settle_answer, settle_claim
from billing.flows.settle_look import settle_look
from billing.flows.settle_payment import save_and_tell
from billing.gateway.port import PaymentGateway, Refused
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.payments import rules
from billing.payments.attempt_store import open_attempt, open_kind
from billing.payments.attempts import Attempt, AttemptKind
from billing.payments.problems import (
    CaptureExceedsHeld,
    CaptureInProgress,
    CaptureRefused,
    PaymentFinal,
    PaymentNotHeld,
)
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession
from billing.platform.money import Money
from billing.platform.problems import ValidationFailed
from billing.platform.strict_json import dump_json

CALL_SECONDS = 7.0


@dataclass(frozen=True, slots=True)
class CapturePayment:
    """`owner` None: the caller may act for every customer; `amount` None: all that is held."""

    payment_id: UUID
    owner: str | None
    amount: Money | None


async def capture_payment(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    command: CapturePayment,
    scope: KeyScope | None,
) -> Answered:
    """200 when the money is taken, 202 while nobody can tell; only a 200 is kept for replay.

    Raises PaymentNotFound, PaymentFinal, PaymentNotHeld, CaptureExceedsHeld, CaptureInProgress,
    CaptureRefused, IdempotencyKeyReused and IdempotencyInProgress.
    """
    async with db.read() as session:
        known = await get_payment(session, command.payment_id, command.owner)
    if known.status is PaymentStatus.PENDING:
        # The payer may have been quicker than the notification.
        await settle_look(db, gateway, clock, known)
    reserved = await db.transact(lambda session: _reserve(session, gateway, clock, command, scope))
    if isinstance(reserved, Answered):
        return reserved
    attempt, provider_id = reserved
    crash_point(CrashPoint.CAPTURE_INTENT_KEPT)
    outcome = await gateway.capture_payment(
        attempt.id, provider_id, attempt.body, seconds=CALL_SECONDS
    )
    crash_point(CrashPoint.CAPTURE_ANSWERED)

    async def settle(session: WriteSession) -> None:
        await settle_held(
            session, attempt.payment_id, attempt.id, outcome, shop=gateway.shop, now=clock.now()
        )
        crash_point(CrashPoint.CAPTURE_SETTLED)

    await db.transact(settle)
    crash_point(CrashPoint.CAPTURE_DONE)
    refused = outcome if isinstance(outcome, Refused) and not outcome.temporary else None

    # Apart from the settling: an answer that refuses must not undo a credit.
    async def answer(session: WriteSession) -> Answered:
        payment = await lock_payment(session, attempt.payment_id)
        if refused is not None and not payment.is_final:
            raise CaptureRefused(f"the provider answered {refused.code}")
        return await _answer(session, payment, scope)

    return await db.transact(answer)


async def _reserve(
    session: WriteSession,
    gateway: PaymentGateway,
    clock: Clock,
    command: CapturePayment,
    scope: KeyScope | None,
) -> Answered | tuple[Attempt, str]:
    """The answer where it is known without asking, else what to ask the provider."""
    claim = await settle_claim(session, clock, scope, command.payment_id)
    payment = await lock_payment(session, command.payment_id)
    if claim is not None and claim.answer is not None:
        return Answered(payment.id, claim.answer, replayed=True)
    amount, repeated = command.amount or payment.amount, claim is not None and not claim.is_new
    if amount.currency != payment.amount.currency:
        raise ValidationFailed(
            errors=[("/currency", f"the payment is in {payment.amount.currency}")]
        )
    minor = amount.minor
    if repeated and payment.captured_minor == minor:
        return await _answer(session, payment, scope)
    _check(payment, minor)
    asked = await open_kind(session, payment.id)
    if asked is AttemptKind.CAPTURE and payment.capture_wish_minor == minor:
        return await _answer(session, payment, scope)
    if asked is AttemptKind.CAPTURE:
        raise CaptureInProgress
    if asked is not None or payment.provider_id is None:
        raise PaymentNotHeld("it is being given back")
    now = clock.now()
    await save_and_tell(session, replace(payment, capture_wish_minor=minor), now)
    part = None if amount == payment.amount else amount
    lease_until = clock.real_now() + LEASE
    attempt = await open_attempt(
        session,
        payment.id,
        AttemptKind.CAPTURE,
        gateway.write_capture(part),
        at=now,
        lease_until=lease_until,
    )
    if attempt is None:
        raise RuntimeError(f"payment {payment.id}: an attempt was opened under its lock")
    crash_point(CrashPoint.CAPTURE_INTENT_WRITTEN)
    return attempt, payment.provider_id


def _check(payment: Payment, minor: int) -> None:
    if payment.is_final:
        raise PaymentFinal(f"the payment is {payment.status.value} and stays so")
    if payment.status is not PaymentStatus.WAITING_FOR_CAPTURE:
        raise PaymentNotHeld("nobody has paid yet")
    if payment.cancel_requested_at is not None:
        raise PaymentNotHeld("its cancellation was asked for")
    if payment.quarantine_reason is not None:
        raise PaymentNotHeld("it waits for a person's decision")
    if minor > payment.amount.minor:
        raise CaptureExceedsHeld(f"{payment.amount} is on hold")


async def _answer(session: WriteSession, payment: Payment, scope: KeyScope | None) -> Answered:
    if payment.status is PaymentStatus.CANCELED:
        raise PaymentFinal("the payment is canceled and stays so")
    over = payment.status is PaymentStatus.SUCCEEDED
    answer = StoredAnswer(200 if over else 202, dump_json(rules.describe(payment)))
    await settle_answer(session, scope, answer, final=over)
    return Answered(payment.id, answer, replayed=False)
