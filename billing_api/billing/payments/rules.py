"""What a payment is and how it may move. Pure: no database, no HTTP.

Guards the order pending < waiting_for_capture < {succeeded, canceled}: never back, and what is
final stays.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor


class PaymentStatus(StrEnum):
    PENDING = "pending"
    WAITING_FOR_CAPTURE = "waiting_for_capture"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


class OnExpiry(StrEnum):
    """What becomes of held money that nobody has decided about before its time runs out."""

    RELEASE = "release"
    CAPTURE = "capture"


RANK = {
    PaymentStatus.PENDING: 0,
    PaymentStatus.WAITING_FOR_CAPTURE: 1,
    PaymentStatus.SUCCEEDED: 2,
    PaymentStatus.CANCELED: 2,
}
FINAL = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.CANCELED})


@dataclass(frozen=True, slots=True)
class Payment:
    """`undecided`: the provider may or may not know of it; quarantined: a person decides.

    `capture` False: paying only holds the money. `captured_minor` is what was taken in the end and
    0 until then, `capture_wish_minor` what we last asked to take. `refunded_minor` of it went back,
    `refunding_minor` is on its way back.
    """

    id: UUID
    customer_id: str
    status: PaymentStatus
    amount: Money
    description: str | None
    return_url: str
    confirmation_url: str | None
    provider_id: str | None
    provider_status: str | None
    undecided: bool
    test: bool | None
    created_at: datetime
    updated_at: datetime
    paid_at: datetime | None
    canceled_at: datetime | None
    cancellation_party: str | None
    cancellation_reason: str | None
    quarantine_reason: str | None
    version: int
    cancel_requested_at: datetime | None = None
    cancel_requested_by: str | None = None
    capture: bool = True
    on_expiry: OnExpiry | None = None
    capture_before: datetime | None = None
    captured_minor: int = 0
    capture_wish_minor: int | None = None
    refunded_minor: int = 0
    refunding_minor: int = 0

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def captured(self) -> Money:
        return Money(self.captured_minor, self.amount.currency)

    @property
    def refundable(self) -> Money:
        """Never below zero: a refund of the cabinet may overtake one of ours."""
        left = self.captured_minor - self.refunded_minor - self.refunding_minor
        return Money(max(0, left), self.amount.currency)


def read_status(word: str) -> PaymentStatus | None:
    """A provider's word for a state, None where it is new to us."""
    try:
        return PaymentStatus(word)
    except ValueError:
        return None


def moves_forward(current: PaymentStatus, seen: PaymentStatus) -> bool:
    return RANK[seen] > RANK[current]


def contradicts(payment: Payment, seen: str) -> bool:
    """Two different ends: somebody has to look, once; what is noted already was looked at."""
    end = read_status(seen)
    other = payment.is_final and end in FINAL and end is not payment.status
    return other and payment.provider_status != seen


def given_up(payment: Payment, reason: str, now: datetime) -> Payment:
    """Ended here, not by the provider."""
    return replace(
        payment,
        status=PaymentStatus.CANCELED,
        undecided=False,
        canceled_at=now,
        cancellation_party="merchant",
        cancellation_reason=reason,
    )


# How long between two looks at a payment of a given age; it ends with the last age.
POLL_CALENDAR = (
    (timedelta(minutes=2), timedelta(seconds=10)),
    (timedelta(minutes=15), timedelta(seconds=30)),
    (timedelta(minutes=70), timedelta(minutes=5)),
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=30), timedelta(days=1)),
)
POLL_PAUSE_MAX = timedelta(days=1)


# Held money goes back at its deadline; this long after it the provider should have said so.
HOLD_POLLED_AFTER = timedelta(hours=1)
HOLD_POLL_PAUSE = timedelta(minutes=5)


def next_poll(
    created_at: datetime, now: datetime, capture_before: datetime | None = None
) -> datetime | None:
    """When to look again, None when looking is over: such a payment is shown for review."""
    if capture_before is not None and abs(now - capture_before) < HOLD_POLLED_AFTER:
        return now + HOLD_POLL_PAUSE
    age = now - created_at
    for until, pause in POLL_CALENDAR:
        if age < until:
            return _not_past(now, now + pause, capture_before)
    ahead = capture_before is not None and now < capture_before
    return _not_past(now, now + POLL_PAUSE_MAX, capture_before) if ahead else None


def _not_past(now: datetime, turn: datetime, capture_before: datetime | None) -> datetime:
    """A turn that would pass the deadline comes shortly after it instead."""
    if capture_before is None or not now < capture_before < turn:
        return turn
    return capture_before + HOLD_POLL_PAUSE


def _instant(value: datetime | None) -> str | None:
    return None if value is None else format_instant(value)


def describe(payment: Payment) -> dict[str, object]:
    """The payment as clients see it, the same on every way out."""
    payable = payment.status is PaymentStatus.PENDING and payment.cancel_requested_at is None
    return {
        "id": str(payment.id),
        "status": payment.status.value,
        "value": format_minor(payment.amount.minor, payment.amount.currency),
        "currency": payment.amount.currency,
        "description": payment.description,
        "confirmation_url": payment.confirmation_url if payable else None,
        "created_at": _instant(payment.created_at),
        "paid_at": _instant(payment.paid_at),
        "canceled_at": _instant(payment.canceled_at),
        "cancel_requested_at": _instant(payment.cancel_requested_at),
        "cancellation_reason": payment.cancellation_reason,
        "return_url": payment.return_url,
        "captured_value": format_minor(payment.captured_minor, payment.amount.currency),
        "refunded_value": format_minor(payment.refunded_minor, payment.amount.currency),
        "capture_before": _instant(payment.capture_before),
    }


def snapshot(payment: Payment) -> dict[str, object]:
    """The payment as the change feed carries it."""
    return {
        **describe(payment),
        "customer_id": payment.customer_id,
        "provider_id": payment.provider_id,
        "provider_status": payment.provider_status,
        "undecided": payment.undecided,
        "test": payment.test,
        "quarantine_reason": payment.quarantine_reason,
        "cancel_requested_by": payment.cancel_requested_by,
        "on_expiry": payment.on_expiry,
        "updated_at": _instant(payment.updated_at),
    }
