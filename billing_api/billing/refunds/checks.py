"""Does the provider's refund belong to ours? Pure, and asked before anything is booked."""

from dataclasses import dataclass

from billing.platform.money import Money
from billing.refunds.rules import Origin, Refund, RefundStatus, read_status

CLOSED_BY_STAFF = "closed_by_staff"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the provider's object says of itself; `payment_id` is the provider's."""

    provider_id: str
    refund_uid: str | None
    payment_id: str | None
    amount: Money | None
    status: str


def is_foreign(refund: Refund, claimed: Claimed) -> bool:
    """Another object altogether: it says nothing about ours and must not harm it."""
    return refund.provider_id is not None and refund.provider_id != claimed.provider_id


def is_decided(refund: Refund, claimed: Claimed) -> bool:
    """The same words of the provider once more, after a person has dealt with them."""
    return (
        refund.cancellation_reason == CLOSED_BY_STAFF and refund.provider_status == claimed.status
    )


def disagreement(refund: Refund, provider_payment_id: str | None, claimed: Claimed) -> str | None:
    """The first thing that does not agree, in words for staff; None when all is as it must be."""
    currency = None if claimed.amount is None else claimed.amount.currency
    end = read_status(claimed.status)
    other_end = refund.is_final and end is not RefundStatus.PENDING and end is not refund.status
    strange = refund.origin is Origin.OURS and claimed.refund_uid != str(refund.id)
    doubts = (
        ("metadata_mismatch", strange),
        ("payment_mismatch", claimed.payment_id != provider_payment_id),
        ("currency_mismatch", currency != refund.amount.currency),
        ("amount_mismatch", claimed.amount != refund.amount),
        ("unknown_status", end is None),
        ("contradicts_final_state", other_end and refund.provider_status != claimed.status),
    )
    return next((reason for reason, holds in doubts if holds), None)
