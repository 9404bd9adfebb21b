"""The one write of adjustments; nobody changes one."""

from sqlalchemy import text

from billing.adjustments.rules import Adjustment
from billing.platform.database import WriteSession

_INSERT = text("""
    INSERT INTO balance_adjustments (id, customer_id, kind, amount_minor, currency, reason,
                                     expires_at, made_by, created_at)
    VALUES (:id, :customer_id, :kind, :amount_minor, :currency, :reason, :expires_at, :made_by,
            :at)
""")


async def add_adjustment(session: WriteSession, adjustment: Adjustment) -> None:
    await session.run(
        _INSERT,
        {
            "id": adjustment.id,
            "customer_id": adjustment.customer_id,
            "kind": adjustment.kind.value,
            "amount_minor": adjustment.amount.minor,
            "currency": adjustment.amount.currency,
            "reason": adjustment.reason,
            "expires_at": adjustment.expires_at,
            "made_by": adjustment.made_by,
            "at": adjustment.created_at,
        },
    )
