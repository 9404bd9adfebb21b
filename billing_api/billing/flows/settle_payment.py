"""The one apply: whatever brought the provider's object here, this decides what it does.

Runs inside the caller's transaction. The payment's row is locked first, then the balance; so two
bearers of the same news wait for each other, and the second finds nothing left to do.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.changes.store import record_change
from billing.flows.settle_credit import settle_credit
from billing.gateway.port import ProviderPayment, Shop
from billing.ledger.kinds import JournalKind
from billing.outbox.store import add_event
from billing.payments import rules
from billing.payments.attempt_store import (
    close_attempts,
    open_cancel_attempt,
)
from billing.payments.attempts import AttemptState
from billing.payments.checks import Claimed, disagreement, is_decided, is_foreign
from billing.payments.rules import Payment, PaymentStatus
from billing.payments.store import lock_payment, save_payment
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import WriteSession


class Effect(StrEnum):
    MOVED = "moved"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Settled:
    payment: Payment
    effect: Effect


async def settle_payment(
    session: WriteSession, payment_id: UUID, seen: ProviderPayment, shop: Shop, now: datetime
) -> Settled:
    """Raises PaymentNotFound; otherwise says what the object did."""
    payment = await lock_payment(session, payment_id)
    claimed = claim_of(seen)
    if is_foreign(payment, claimed):
        return Settled(payment, Effect.FOREIGN)
    if payment.quarantine_reason is not None:
        return Settled(payment, Effect.QUARANTINED)
    if is_decided(payment, seen.status):
        return Settled(payment, Effect.UNCHANGED)
    status = rules.read_status(seen.status)
    reason = disagreement(
        payment, claimed, account_id=shop.account_id, accepts_test=shop.accepts_test
    )
    if reason is None and rules.contradicts(payment, seen.status):
        reason = "contradicts_final_state"
    if reason is not None:
        return await _quarantine(session, payment, seen, reason, now)
    known = _note(payment, seen)
    if status is not None and rules.moves_forward(payment.status, status):
        return Settled(await _move(session, known, seen, status, now), Effect.MOVED)
    if known != payment:
        known = await save_and_tell(session, known, now)
        await _close(session, known, now)
    return Settled(known, Effect.UNCHANGED)


async def _close(session: WriteSession, payment: Payment, now: datetime) -> None:
    """The provider knows of it: nothing is posted again to make it."""
    held = payment.status is PaymentStatus.WAITING_FOR_CAPTURE
    next_at = rules.next_poll(payment.created_at, now, payment.capture_before if held else None)
    await close_attempts(
        session,
        payment.id,
        AttemptState.ACCEPTED,
        next_poll=None if payment.is_final else next_at,
        over=payment.is_final,
    )


def claim_of(seen: ProviderPayment) -> Claimed:
    return Claimed(seen.id, seen.payment_uid, seen.amount, seen.account_id, seen.test, seen.status)


def _note(payment: Payment, seen: ProviderPayment) -> Payment:
    """What any agreeing object teaches, whatever its state; an old one does not turn it back."""
    status = rules.read_status(seen.status)
    stale = status is not None and rules.RANK[status] < rules.RANK[payment.status]
    return replace(
        payment,
        provider_id=seen.id,
        provider_status=payment.provider_status if stale else seen.status,
        undecided=False,
        test=seen.test,
        confirmation_url=seen.confirmation_url or payment.confirmation_url,
        capture_before=seen.expires_at
        if status is PaymentStatus.WAITING_FOR_CAPTURE and not stale
        else payment.capture_before,
    )


async def _move(
    session: WriteSession,
    payment: Payment,
    seen: ProviderPayment,
    status: PaymentStatus,
    now: datetime,
) -> Payment:
    moved = replace(payment, status=status)
    if status is PaymentStatus.SUCCEEDED:
        taken = seen.amount or payment.amount
        moved = replace(moved, paid_at=seen.captured_at or now, captured_minor=taken.minor)
    elif status is PaymentStatus.CANCELED:
        moved = replace(
            moved,
            canceled_at=now,
            cancellation_party=seen.cancellation_party,
            cancellation_reason=seen.cancellation_reason or "unknown",
        )
    moved = await save_and_tell(session, moved, now)
    crash_point(CrashPoint.SETTLE_MOVED)
    await _close(session, moved, now)
    if status is PaymentStatus.WAITING_FOR_CAPTURE and moved.cancel_requested_at is not None:
        # Nobody wants this money any more: the worker gives it back.
        await open_cancel_attempt(session, moved.id, at=now, lease_until=None)
    if status is PaymentStatus.SUCCEEDED:
        await settle_credit(session, moved, JournalKind.PAYMENT, now)
    await add_event(session, f"payment.{status}", moved.id, at=now, data=rules.snapshot(moved))
    crash_point(CrashPoint.SETTLE_BOOKED)
    return moved


async def _quarantine(
    session: WriteSession, payment: Payment, seen: ProviderPayment, reason: str, now: datetime
) -> Settled:
    """Nothing is booked and nobody asks again: a person compares the two sides."""
    held = replace(payment, quarantine_reason=reason, provider_status=seen.status)
    held = await save_and_tell(session, held, now)
    await close_attempts(session, payment.id, AttemptState.LOST, next_poll=None)
    await add_event(session, "payment.quarantined", payment.id, at=now, data=rules.snapshot(held))
    return Settled(held, Effect.QUARANTINED)


async def save_and_tell(session: WriteSession, payment: Payment, now: datetime) -> Payment:
    """The locked payment's new values, and the feed's word of them: never one without the other."""
    saved = await save_payment(session, payment, now)
    data = rules.snapshot(saved)
    await record_change(session, "payment", saved.id, version=saved.version, at=now, data=data)
    return saved
