"""Writes of charges. What was taken never changes; what came back only grows. Triggers insist."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.charges.problems import ChargeNotFound
from billing.charges.rows import charge_of
from billing.charges.rules import Charge, Parts
from billing.platform.database import WriteSession
from billing.platform.strict_json import dump_json

_INSERT = text("""
    INSERT INTO charges (id, customer_id, paid_minor, promo_minor, currency, reason, metadata,
                         hold_id, requested_by, created_at)
    VALUES (:id, :customer_id, :paid, :promo, :currency, :reason, CAST(:metadata AS jsonb),
            :hold_id, :requested_by, :at)
""")
_LOCK = text("SELECT * FROM charges WHERE id = :id FOR NO KEY UPDATE")
_REVERSE = text("""
    WITH kept AS (
        INSERT INTO charge_reversals (id, charge_id, paid_minor, promo_minor, requested_by,
                                      created_at)
        VALUES (:id, :charge_id, :paid, :promo, :requested_by, :at)
    )
    UPDATE charges SET reversed_paid_minor = reversed_paid_minor + :paid,
                       reversed_promo_minor = reversed_promo_minor + :promo
    WHERE id = :charge_id
""")


async def add_charge(session: WriteSession, charge: Charge) -> None:
    await session.run_later(
        _INSERT,
        {
            "id": charge.id,
            "customer_id": charge.customer_id,
            "paid": charge.taken.paid_minor,
            "promo": charge.taken.promo_minor,
            "currency": charge.currency,
            "reason": charge.reason,
            "metadata": dump_json(charge.metadata).decode(),
            "hold_id": charge.hold_id,
            "requested_by": charge.requested_by,
            "at": charge.created_at,
        },
    )


async def lock_charge(session: WriteSession, charge_id: UUID) -> Charge:
    row = await session.first(_LOCK, {"id": charge_id})
    if row is None:
        raise ChargeNotFound
    return charge_of(row)


async def add_reversal(
    session: WriteSession,
    locked: Charge,
    reversal_id: UUID,
    parts: Parts,
    *,
    requested_by: str,
    at: datetime,
) -> Charge:
    await session.run(
        _REVERSE,
        {
            "id": reversal_id,
            "charge_id": locked.id,
            "paid": parts.paid_minor,
            "promo": parts.promo_minor,
            "requested_by": requested_by,
            "at": at,
        },
    )
    returned = Parts(
        locked.returned.paid_minor + parts.paid_minor,
        locked.returned.promo_minor + parts.promo_minor,
    )
    return replace(locked, returned=returned)
