"""What a refund is, how it may move and how much of a payment it may take. Pure.

Moves: pending to succeeded or canceled; what is final stays.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor
from billing.refunds.problems import (
    NothingSpent,
    RefundExceedsPayment,
    RefundLeavesTooLittle,
)

# The provider gives back no less, and leaves nothing smaller on a payment (its page on refunds).
CARD_MIN_MINOR = 100


class RefundStatus(StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class RefundTo(StrEnum):
    CARD = "card"  # from the balance, through the provider
    BALANCE = "balance"  # what was spent of the payment; the provider has no part in it


class Origin(StrEnum):
    OURS = "ours"
    CABINET = "cabinet"  # made in the provider's own cabinet: we only hear of it


@dataclass(frozen=True, slots=True)
class Refund:
    """`undecided`: the provider may or may not know of it; quarantined: a person decides.

    One of the cabinet has the provider's id from the beginning and nobody of ours who asked.
    """

    id: UUID
    payment_id: UUID
    customer_id: str
    status: RefundStatus
    amount: Money
    reason: str
    to: RefundTo
    origin: Origin
    requested_by: str | None
    undecided: bool
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    provider_id: str | None = None
    provider_status: str | None = None
    cancellation_reason: str | None = None
    quarantine_reason: str | None = None

    @property
    def is_final(self) -> bool:
        return self.status is not RefundStatus.PENDING


def begun(
    payment_id: UUID,
    customer_id: str,
    amount: Money,
    reason: str,
    *,
    refund_id: UUID,
    to: RefundTo,
    requested_by: str,
    now: datetime,
) -> Refund:
    """One that somebody here asked for, and of which nobody else knows yet."""
    return Refund(
        id=refund_id,
        payment_id=payment_id,
        customer_id=customer_id,
        status=RefundStatus.PENDING,
        amount=amount,
        reason=reason,
        to=to,
        origin=Origin.OURS,
        requested_by=requested_by,
        undecided=True,
        created_at=now,
        updated_at=now,
    )


def read_status(word: str) -> RefundStatus | None:
    """A provider's word for a state, None where it is new to us."""
    try:
        return RefundStatus(word)
    except ValueError:
        return None


def ended(
    refund: Refund, status: RefundStatus, now: datetime, *, reason: str | None = None
) -> Refund:
    return replace(refund, status=status, undecided=False, ended_at=now, cancellation_reason=reason)


def part_of(left: Money, wanted: Money | None, to: RefundTo) -> Money:
    """How much is refunded of what is left of a payment; `wanted` None is all of it.

    Raises RefundExceedsPayment and RefundLeavesTooLittle.
    """
    amount = left if wanted is None else wanted
    if not 0 < amount.minor <= left.minor:
        raise RefundExceedsPayment(f"{left} is left of the payment")
    rest = left.minor - amount.minor
    if to is RefundTo.CARD and (0 < rest < CARD_MIN_MINOR or amount.minor < CARD_MIN_MINOR):
        raise RefundLeavesTooLittle(
            f"{left} is left, and the provider takes and leaves no less than 1.00"
        )
    return amount


def spent_of(left_minor: int, newer_minor: int, unspent_minor: int) -> int:
    """What was spent of a payment's money: the oldest is spent first.

    `left_minor` is what is not refunded of it, `newer_minor` all paid money that came in later,
    `unspent_minor` the customer's paid money, on the balance or on hold.
    """
    unspent = min(left_minor, max(0, unspent_minor - newer_minor))
    return left_minor - unspent


def check_spent(amount: Money, spent_minor: int, returnable_minor: int) -> None:
    """`returnable_minor`: what charges may still give back. Raises NothingSpent."""
    most = min(spent_minor, returnable_minor)
    if amount.minor > most:
        raise NothingSpent(
            f"{Money(most, amount.currency)} of the payment was spent and can come back"
        )


# How long between two looks at a refund the provider has not ended: it tells of no refusal.
POLL_CALENDAR = (
    (timedelta(minutes=2), timedelta(seconds=10)),
    (timedelta(minutes=15), timedelta(minutes=1)),
    (timedelta(hours=1), timedelta(minutes=10)),
    (timedelta(days=3), timedelta(hours=1)),
)
POLL_PAUSE_MAX = timedelta(days=1)


def next_poll(created_at: datetime, now: datetime) -> datetime:
    """A refund is asked about until it ends; old ones are shown for review besides."""
    age = now - created_at
    pause = next((pause for until, pause in POLL_CALENDAR if age < until), POLL_PAUSE_MAX)
    return now + pause


def describe(refund: Refund) -> dict[str, object]:
    """The refund as clients see it, the same on every way out."""
    return {
        "id": str(refund.id),
        "payment_id": str(refund.payment_id),
        "status": refund.status.value,
        "value": format_minor(refund.amount.minor, refund.amount.currency),
        "currency": refund.amount.currency,
        "reason": refund.reason,
        "to": refund.to.value,
        "created_at": format_instant(refund.created_at),
    }


def tell(refund: Refund) -> dict[str, object]:
    """The refund as events carry it."""
    return {
        **describe(refund),
        "customer_id": refund.customer_id,
        "origin": refund.origin.value,
        "requested_by": refund.requested_by,
        "provider_id": refund.provider_id,
        "cancellation_reason": refund.cancellation_reason,
        "quarantine_reason": refund.quarantine_reason,
    }
