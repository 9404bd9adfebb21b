"""What a person may decide about a payment or a refund that waits for one. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.payments.rules import Payment, PaymentStatus
from billing.platform.problems import ValidationFailed
from billing.platform.texts import is_kept
from billing.refunds.rules import Refund
from billing.review.problems import DecisionError

Subject = Payment | Refund


class Kind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


class Action(StrEnum):
    RELEASE = "release"  # ask the provider again and apply what it says
    CLOSE = "close"  # nothing more is to be done here


@dataclass(frozen=True, slots=True)
class Decision:
    """`item_id` is the payment's or the refund's. `reason` is 1 to 500 letters, `decided_by` 1 to
    255. `provider_id` names the provider's object for a release where we do not know it.

    Raises ValidationFailed.
    """

    item_id: UUID
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
    """`found` is what it waited for, in the review's words."""

    action: Action
    found: str
    reason: str
    decided_by: str
    at: datetime


def kind_of(subject: Subject) -> Kind:
    return Kind.PAYMENT if isinstance(subject, Payment) else Kind.REFUND


def why_in_review(subject: Subject) -> str:
    if subject.quarantine_reason or subject.undecided:
        return subject.quarantine_reason or "undecided"
    if (
        isinstance(subject, Payment)
        and subject.status is PaymentStatus.SUCCEEDED
        and subject.cancel_requested_at is not None
    ):
        return "paid_after_cancel_request"
    return "second_object" if subject.is_final else "open_for_days"


def waits_since(subject: Subject) -> datetime:
    """Since when it waits, as near as it is kept: nothing but its payer's wish to cancel touches
    one that is held.
    """
    if subject.quarantine_reason is None and (subject.undecided or not subject.is_final):
        return subject.created_at
    return subject.updated_at


def actions_of(subject: Subject, *, waits: bool) -> tuple[Action, ...]:
    """The legal ways out. What is open and not held goes on by itself: nobody may give it up."""
    if subject.quarantine_reason is not None:
        return (Action.RELEASE, Action.CLOSE)
    return (Action.CLOSE,) if waits and subject.is_final else ()


def check_legal(subject: Subject, action: Action, *, waits: bool) -> None:
    """Raises DecisionError, which says why not."""
    if action in actions_of(subject, waits=waits):
        return
    if action is Action.RELEASE:
        raise DecisionError("it is not held")
    if not subject.is_final:
        raise DecisionError(f"it is still {subject.status.value}, and the worker goes on with it")
    raise DecisionError("nothing about it waits for a person")
