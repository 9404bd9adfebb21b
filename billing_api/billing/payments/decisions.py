"""What a person may decide about a payment that waits for one. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.payments.problems import DecisionError
from billing.payments.rules import Payment, PaymentStatus
from billing.platform.problems import ValidationFailed
from billing.platform.texts import is_kept

CLOSED_BY_STAFF = "closed_by_staff"


class Action(StrEnum):
    RELEASE = "release"  # ask the provider again and apply what it says
    CLOSE = "close"  # nothing more is to be done here


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is 1 to 500 letters, `decided_by` 1 to 255. `provider_id` names the provider's
    object for a release where we do not know it. Raises ValidationFailed.
    """

    payment_id: UUID
    action: Action
    reason: str
    decided_by: str
    provider_id: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.reason.strip()) <= len(self.reason) <= 500:
            raise ValidationFailed("a reason of 1 to 500 letters is needed")
        if not 1 <= len(self.decided_by) <= 255:
            raise ValidationFailed("somebody must have decided it")
        if not is_kept(self.reason + self.decided_by):
            raise ValidationFailed("not a text that can be kept")


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


def waits_since(payment: Payment) -> datetime:
    """Since when a payment of the review waits, as near as it is kept: nothing but its payer's
    wish to cancel touches one that is held.
    """
    if payment.quarantine_reason is None and (payment.undecided or not payment.is_final):
        return payment.created_at
    return payment.updated_at


def actions_of(payment: Payment, *, waits: bool) -> tuple[Action, ...]:
    """The legal ways out. What is open and not held goes on by itself: nobody may give it up."""
    if payment.quarantine_reason is not None:
        return (Action.RELEASE, Action.CLOSE)
    return (Action.CLOSE,) if waits and payment.is_final else ()


def check_legal(payment: Payment, action: Action, *, waits: bool) -> None:
    """Raises DecisionError, which says why not."""
    if action in actions_of(payment, waits=waits):
        return
    if action is Action.RELEASE:
        raise DecisionError("it is not held")
    if not payment.is_final:
        raise DecisionError(f"it is still {payment.status.value}, and the worker goes on with it")
    raise DecisionError("nothing about it waits for a person")


def is_decided(payment: Payment, provider_status: str) -> bool:
    """The same words of the provider once more, after a person has dealt with them."""
    return (
        payment.cancellation_reason == CLOSED_BY_STAFF
        and payment.provider_status == provider_status
    )
