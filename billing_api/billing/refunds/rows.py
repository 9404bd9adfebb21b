"""Rows as the slice's own values."""

from billing.platform.database import Row
from billing.platform.money import Money
from billing.refunds.rules import Origin, Refund, RefundStatus, RefundTo


def refund_of(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        payment_id=row["payment_id"],
        customer_id=row["customer_id"],
        status=RefundStatus(row["status"]),
        amount=Money(row["amount_minor"], row["currency"]),
        reason=row["reason"],
        to=RefundTo(row["sent_to"]),
        origin=Origin(row["origin"]),
        requested_by=row["requested_by"],
        provider_id=row["provider_id"],
        provider_status=row["provider_status"],
        undecided=row["undecided"],
        cancellation_reason=row["cancellation_reason"],
        quarantine_reason=row["quarantine_reason"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
    )
