"""What a person may decide about a payment that waits for one. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.payments.rules import Payment, PaymentStatus
from billing.platform.texts import is_kept

CLOSED_BY_STAFF = "closed_by_staff"


class DecisionError(ValueError):
    """It cannot be decided so; the message is for the operator."""


class Action(StrEnum):
    RELEASE = "release"  # ask the provider again and apply what it says
    CLOSE = "close"  # nothing more is to be done here


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is 1 to 500 letters, `decided_by` 1 to 255."""

    payment_id: UUID
    action: Action
    reason: str
    decided_by: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.reason.strip()) <= len(self.reason) <= 500:
            raise DecisionError("a reason of 1 to 500 letters is needed")
        if not 1 <= len(self.decided_by) <= 255:
            raise DecisionError("somebody must have decided it")
        if not is_kept(self.reason + self.decided_by):
            raise DecisionError("not a text that can be kept")


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """`found` is what the payment waited for, in the review's words."""

    action: Action
    found: str
    reason: str
    decided_by: str
    at: datetime


def why_in_review(payment: Payment) -> str:
    if payment.quarantine_reason or payment.undecided:
        return payment.quarantine_reason or "undecided"
    if payment.status is PaymentStatus.SUCCEEDED and payment.cancel_requested_at is not None:
        return "paid_after_cancel_request"
    return "second_object" if payment.is_final else "open_for_days"


def check_closable(payment: Payment) -> None:
    """What is open and not held goes on by itself: nobody may give it up by a word."""
    if payment.quarantine_reason is None and not payment.is_final:
        raise DecisionError(f"it is still {payment.status.value}, and the worker goes on with it")


def is_decided(payment: Payment, provider_status: str) -> bool:
    """The same words of the provider once more, after a person has dealt with them."""
    return (
        payment.cancellation_reason == CLOSED_BY_STAFF
        and payment.provider_status == provider_status
    )
