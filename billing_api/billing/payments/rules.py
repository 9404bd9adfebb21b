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


RANK = {
    PaymentStatus.PENDING: 0,
    PaymentStatus.WAITING_FOR_CAPTURE: 1,
    PaymentStatus.SUCCEEDED: 2,
    PaymentStatus.CANCELED: 2,
}
FINAL = frozenset({PaymentStatus.SUCCEEDED, PaymentStatus.CANCELED})


@dataclass(frozen=True, slots=True)
class Payment:
    """`undecided`: the provider may or may not know of it; quarantined: a person decides."""

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

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


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


def next_poll(created_at: datetime, now: datetime) -> datetime | None:
    """When to look again, None when looking is over: such a payment is shown for review."""
    age = now - created_at
    for until, pause in POLL_CALENDAR:
        if age < until:
            return now + pause
    return None


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
        "updated_at": _instant(payment.updated_at),
    }
