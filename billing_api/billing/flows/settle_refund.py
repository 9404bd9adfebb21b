"""The one apply of a refund: whatever brought the provider's object here, this decides what it
does.

Runs inside the caller's transaction. The payment is locked first, then the refund, then the
balance; so two bearers of the same news wait for each other, and the second finds nothing to do.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from billing.balance.store import lock_balance
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_payment import Effect, save_and_tell
from billing.gateway.port import ProviderRefund
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of, paid_in
from billing.outbox.store import add_event
from billing.payments.attempt_store import close_refund_attempts
from billing.payments.attempts import AttemptState
from billing.payments.rules import Payment
from billing.payments.store import lock_payment
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.refunds import rules
from billing.refunds.checks import Claimed, disagreement, is_decided, is_foreign
from billing.refunds.queries import get_refund
from billing.refunds.rules import Refund, RefundStatus
from billing.refunds.store import lock_refund, save_refund, schedule_refund


@dataclass(frozen=True, slots=True)
class SettledRefund:
    refund: Refund
    effect: Effect


async def lock_both(session: WriteSession, refund_id: UUID) -> tuple[Payment, Refund]:
    """The payment before its refund, always. Raises RefundNotFound."""
    known = await get_refund(session, refund_id, None)
    payment = await lock_payment(session, known.payment_id)
    return payment, await lock_refund(session, refund_id)


async def settle_refund(
    session: WriteSession, refund_id: UUID, seen: ProviderRefund, now: datetime
) -> SettledRefund:
    """Raises RefundNotFound; otherwise says what the object did."""
    payment, refund = await lock_both(session, refund_id)
    claimed = claim_of(seen)
    if is_foreign(refund, claimed):
        return SettledRefund(refund, Effect.FOREIGN)
    if refund.quarantine_reason is not None:
        return SettledRefund(refund, Effect.QUARANTINED)
    reason = disagreement(refund, payment.provider_id, claimed)
    if reason is not None and not is_decided(refund, claimed):
        return await _quarantine(session, refund, seen, reason, now)
    known = replace(refund, provider_id=seen.id, provider_status=seen.status, undecided=False)
    status = rules.read_status(seen.status)
    if not refund.is_final and status in {RefundStatus.SUCCEEDED, RefundStatus.CANCELED}:
        why = seen.cancellation_reason or "unknown" if status is RefundStatus.CANCELED else None
        moved = rules.ended(known, status, now, reason=why)
        return SettledRefund(await end_refund(session, payment, moved, now), Effect.MOVED)
    if refund.is_final:
        known = refund  # an old word about what is over teaches nothing
    elif known != refund:
        known = await save_refund(session, known, now)
        await _close(session, known, now)
    return SettledRefund(known, Effect.UNCHANGED)


def claim_of(seen: ProviderRefund) -> Claimed:
    return Claimed(seen.id, seen.refund_uid, seen.payment_id, seen.amount, seen.status)


async def end_refund(
    session: WriteSession, payment: Payment, moved: Refund, now: datetime
) -> Refund:
    """Book the end of one that was reserved: gone to the card, or back on the balance.

    `moved` is the locked refund with its end, `payment` is locked too.
    """
    saved = await save_refund(session, moved, now)
    await _close(session, saved, now)
    minor = saved.amount.minor
    made = saved.status is RefundStatus.SUCCEEDED
    refunded = payment.refunded_minor + (minor if made else 0)
    refunding = payment.refunding_minor - minor
    payment = replace(payment, refunded_minor=refunded, refunding_minor=refunding)
    await save_and_tell(session, payment, now)
    crash_point(CrashPoint.REFUND_MOVED)
    balance = await lock_balance(session, saved.customer_id, saved.amount.currency, now)
    kind = JournalKind.REFUND if made else JournalKind.REFUND_RETURNED
    where = ((AccountKind.PROVIDER, minor),) if made else paid_in(minor, balance.receivable_minor)
    lines = lines_of(
        saved.amount.currency, saved.customer_id, (AccountKind.CUSTOMER_HELD, -minor), *where
    )
    journal = Journal(new_id(), kind, now, lines, saved.payment_id, saved.id)
    await settle_journal(session, balance, journal)
    event = f"refund.{saved.status}"
    await add_event(session, event, saved.id, at=now, data=rules.tell(saved))
    return saved


async def _close(session: WriteSession, refund: Refund, now: datetime) -> None:
    """The provider knows of it: nothing is posted again to make it, only asked about."""
    state = AttemptState.ACCEPTED
    await close_refund_attempts(session, refund.payment_id, refund.id, state)
    next_at = None if refund.is_final else rules.next_poll(refund.created_at, now)
    await schedule_refund(session, refund.id, next_at)


async def _quarantine(
    session: WriteSession, refund: Refund, seen: ProviderRefund, reason: str, now: datetime
) -> SettledRefund:
    """Nothing is booked and nobody asks again: a person compares the two sides."""
    held = replace(refund, quarantine_reason=reason, provider_status=seen.status)
    held = await save_refund(session, held, now)
    await close_refund_attempts(session, refund.payment_id, refund.id, AttemptState.LOST)
    await schedule_refund(session, refund.id, None)
    await add_event(session, "refund.quarantined", refund.id, at=now, data=rules.tell(held))
    return SettledRefund(held, Effect.QUARANTINED)
