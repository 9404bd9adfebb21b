"""Writes of refunds: one begins, and ends once. Always under the payment's lock; a trigger insists
that what a refund is never changes.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.refunds.problems import RefundNotFound
from billing.refunds.rows import refund_of
from billing.refunds.rules import POLL_PAUSE_MAX, Refund

_INSERT = text("""
    INSERT INTO refunds (id, payment_id, customer_id, status, amount_minor, currency, reason,
                         sent_to, origin, requested_by, provider_id, provider_status, undecided,
                         created_at, updated_at, ended_at)
    VALUES (:id, :payment_id, :customer_id, :status, :amount_minor, :currency, :reason,
            :sent_to, :origin, :requested_by, :provider_id, :provider_status, :undecided,
            :created_at, :created_at, :ended_at)
""")
_LOCK = text("SELECT * FROM refunds WHERE id = :id FOR NO KEY UPDATE")
_UPDATE = text("""
    UPDATE refunds SET
        status = :status, provider_id = :provider_id, provider_status = :provider_status,
        undecided = :undecided, cancellation_reason = :cancellation_reason,
        quarantine_reason = :quarantine_reason, updated_at = :updated_at, ended_at = :ended_at
    WHERE id = :id
""")
_SCHEDULE = text("UPDATE refunds SET next_poll_at = :next_at WHERE id = :id")
_LOCK_DUE = text("""
    SELECT * FROM refunds
    WHERE next_poll_at IS NOT NULL AND (next_poll_at <= :now OR next_poll_at > :too_far)
    ORDER BY next_poll_at LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
""")
_SCANNED = text("""
    INSERT INTO refund_scans (shop_id, read_until) VALUES (:shop_id, :until)
    ON CONFLICT (shop_id) DO UPDATE SET read_until = excluded.read_until
""")


async def add_refund(session: WriteSession, refund: Refund) -> None:
    await session.run(
        _INSERT,
        {
            "id": refund.id,
            "payment_id": refund.payment_id,
            "customer_id": refund.customer_id,
            "status": refund.status.value,
            "amount_minor": refund.amount.minor,
            "currency": refund.amount.currency,
            "reason": refund.reason,
            "sent_to": refund.to.value,
            "origin": refund.origin.value,
            "requested_by": refund.requested_by,
            "provider_id": refund.provider_id,
            "provider_status": refund.provider_status,
            "undecided": refund.undecided,
            "created_at": refund.created_at,
            "ended_at": refund.ended_at,
        },
    )


async def lock_refund(session: WriteSession, refund_id: UUID) -> Refund:
    """Call with its payment locked."""
    row = await session.first(_LOCK, {"id": refund_id})
    if row is None:
        raise RefundNotFound
    return refund_of(row)


async def save_refund(session: WriteSession, refund: Refund, at: datetime) -> Refund:
    """The locked refund with its new values."""
    saved = replace(refund, updated_at=at)
    await session.run(
        _UPDATE,
        {
            "id": saved.id,
            "status": saved.status.value,
            "provider_id": saved.provider_id,
            "provider_status": saved.provider_status,
            "undecided": saved.undecided,
            "cancellation_reason": saved.cancellation_reason,
            "quarantine_reason": saved.quarantine_reason,
            "updated_at": saved.updated_at,
            "ended_at": saved.ended_at,
        },
    )
    return saved


async def schedule_refund(session: WriteSession, refund_id: UUID, next_at: datetime | None) -> None:
    """When the provider is asked about it; None is never."""
    await session.run(_SCHEDULE, {"id": refund_id, "next_at": next_at})


async def lock_due_refunds(session: WriteSession, now: datetime, limit: int) -> Iterable[Refund]:
    """Those whose turn has come; a turn beyond the longest pause is of a clock set back since."""
    too_far = now + POLL_PAUSE_MAX + timedelta(hours=1)
    rows = await session.all(_LOCK_DUE, {"now": now, "too_far": too_far, "limit": limit})
    return [refund_of(row) for row in rows]


async def keep_scan(session: WriteSession, shop_id: str, until: datetime) -> None:
    """Until when the provider's list of refunds was read and applied."""
    await session.run(_SCANNED, {"shop_id": shop_id, "until": until})
