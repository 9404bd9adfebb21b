"""Writes of payments. Every change raises `version` under the row's lock; a trigger insists."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.payments.problems import PaymentNotFound
from billing.payments.rows import payment_of
from billing.payments.rules import OnExpiry, Payment, PaymentStatus
from billing.platform.database import WriteSession
from billing.platform.money import Money

_INSERT = text("""
    INSERT INTO payments (id, customer_id, status, amount_minor, currency, description, return_url,
                          undecided, created_at, updated_at, version, capture, on_expiry)
    VALUES (:id, :customer_id, 'pending', :amount_minor, :currency, :description, :return_url,
            true, :at, :at, 1, :capture, :on_expiry)
""")
# Not FOR UPDATE: rows that merely refer to the payment may be added meanwhile.
_LOCK = text("SELECT * FROM payments WHERE id = :id FOR NO KEY UPDATE")
_UPDATE = text("""
    UPDATE payments SET
        status = :status, confirmation_url = :confirmation_url, provider_id = :provider_id,
        provider_status = :provider_status, undecided = :undecided, test = :test,
        updated_at = :updated_at, paid_at = :paid_at, canceled_at = :canceled_at,
        cancellation_party = :cancellation_party, cancellation_reason = :cancellation_reason,
        quarantine_reason = :quarantine_reason, cancel_requested_at = :cancel_requested_at,
        cancel_requested_by = :cancel_requested_by, capture_before = :capture_before,
        captured_minor = :captured_minor, capture_wish_minor = :capture_wish_minor,
        refunded_minor = :refunded_minor, refunding_minor = :refunding_minor,
        version = :version
    WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class NewPayment:
    id: UUID
    customer_id: str
    amount: Money
    description: str | None
    return_url: str
    capture: bool = True
    on_expiry: OnExpiry | None = None


async def add_payment(session: WriteSession, new: NewPayment, at: datetime) -> Payment:
    await session.run(
        _INSERT,
        {
            "id": new.id,
            "customer_id": new.customer_id,
            "amount_minor": new.amount.minor,
            "currency": new.amount.currency,
            "description": new.description,
            "return_url": new.return_url,
            "capture": new.capture,
            "on_expiry": None if new.on_expiry is None else new.on_expiry.value,
            "at": at,
        },
    )
    return Payment(
        id=new.id,
        customer_id=new.customer_id,
        status=PaymentStatus.PENDING,
        amount=new.amount,
        description=new.description,
        return_url=new.return_url,
        confirmation_url=None,
        provider_id=None,
        provider_status=None,
        undecided=True,
        test=None,
        created_at=at,
        updated_at=at,
        paid_at=None,
        canceled_at=None,
        cancellation_party=None,
        cancellation_reason=None,
        quarantine_reason=None,
        version=1,
        capture=new.capture,
        on_expiry=new.on_expiry,
    )


async def lock_payment(session: WriteSession, payment_id: UUID) -> Payment:
    row = await session.first(_LOCK, {"id": payment_id})
    if row is None:
        raise PaymentNotFound
    return payment_of(row)


async def save_payment(session: WriteSession, payment: Payment, at: datetime) -> Payment:
    """The locked payment with its new values, one version further."""
    saved = replace(payment, updated_at=at, version=payment.version + 1)
    await session.run(
        _UPDATE,
        {
            "id": saved.id,
            "status": saved.status.value,
            "confirmation_url": saved.confirmation_url,
            "provider_id": saved.provider_id,
            "provider_status": saved.provider_status,
            "undecided": saved.undecided,
            "test": saved.test,
            "updated_at": saved.updated_at,
            "paid_at": saved.paid_at,
            "canceled_at": saved.canceled_at,
            "cancellation_party": saved.cancellation_party,
            "cancellation_reason": saved.cancellation_reason,
            "quarantine_reason": saved.quarantine_reason,
            "cancel_requested_at": saved.cancel_requested_at,
            "cancel_requested_by": saved.cancel_requested_by,
            "capture_before": saved.capture_before,
            "captured_minor": saved.captured_minor,
            "capture_wish_minor": saved.capture_wish_minor,
            "refunded_minor": saved.refunded_minor,
            "refunding_minor": saved.refunding_minor,
            "version": saved.version,
        },
    )
    return saved
