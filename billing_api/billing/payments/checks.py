"""Does the provider's object belong to this payment? Pure, and asked before anything is booked."""

from dataclasses import dataclass
from uuid import UUID

from billing.payments.rules import Payment, PaymentStatus, read_status
from billing.platform.money import Money

CLOSED_BY_STAFF = "closed_by_staff"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the provider's object says of itself."""

    provider_id: str
    payment_uid: str | None
    amount: Money | None
    account_id: str
    test: bool
    status: str


def is_foreign(payment: Payment, claimed: Claimed) -> bool:
    """Another object altogether: it says nothing about ours and must not harm it."""
    return payment.provider_id is not None and payment.provider_id != claimed.provider_id


def is_decided(payment: Payment, provider_status: str) -> bool:
    """The same words of the provider once more, after a person has dealt with them."""
    return (
        payment.cancellation_reason == CLOSED_BY_STAFF
        and payment.provider_status == provider_status
    )


def is_strange(payment: Payment, provider_status: str) -> bool:
    """A word for a state that the provider has none of, as far as we know: nobody can tell what to
    book. About what is over it is looked at once.
    """
    looked_at = payment.is_final and payment.provider_status == provider_status
    return read_status(provider_status) is None and not looked_at


def amount_agrees(payment: Payment, amount: Money | None, status: str) -> bool:
    """Of held money a part may be taken: what we asked for, or what somebody took in the cabinet.

    Once it is known what was taken, it stays so.
    """
    two_stages = not payment.capture or payment.capture_wish_minor is not None
    if amount is None or status != PaymentStatus.SUCCEEDED or not two_stages:
        return amount == payment.amount
    if payment.captured_minor:
        return amount == payment.captured
    if payment.capture_wish_minor is not None:
        return amount.minor == payment.capture_wish_minor
    return 0 < amount.minor <= payment.amount.minor


def disagreement(
    payment: Payment, claimed: Claimed, *, account_id: str, accepts_test: bool
) -> str | None:
    """The first thing that does not agree, in words for staff; None when all is as it must be."""
    amount = claimed.amount
    currency = None if amount is None else amount.currency
    flag_changed = payment.test is not None and payment.test != claimed.test
    doubts = (
        ("metadata_mismatch", claimed.payment_uid != str(payment.id)),
        ("currency_mismatch", currency != payment.amount.currency),
        ("amount_mismatch", not amount_agrees(payment, amount, claimed.status)),
        ("shop_mismatch", claimed.account_id != account_id),
        ("test_payment_in_production", claimed.test and not accepts_test),
        ("test_flag_changed", flag_changed),
        ("unknown_status", is_strange(payment, claimed.status)),
    )
    return next((reason for reason, holds in doubts if holds), None)


def parse_uid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
