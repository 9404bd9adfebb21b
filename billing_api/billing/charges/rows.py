"""Rows as the slice's own values."""

from billing.charges.rules import Charge, Parts
from billing.platform.database import Row


def charge_of(row: Row) -> Charge:
    return Charge(
        id=row["id"],
        customer_id=row["customer_id"],
        taken=Parts(row["paid_minor"], row["promo_minor"]),
        returned=Parts(row["reversed_paid_minor"], row["reversed_promo_minor"]),
        currency=row["currency"],
        reason=row["reason"],
        metadata=row["metadata"],
        requested_by=row["requested_by"],
        created_at=row["created_at"],
        hold_id=row["hold_id"],
    )
