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
# The newest that together can give back what is wanted, or all where they cannot.
_LOCK_REVERSIBLE = text("""
    WITH running AS (
        SELECT id, sum(paid_minor - reversed_paid_minor) OVER (ORDER BY id DESC)
                   - (paid_minor - reversed_paid_minor) AS before
        FROM charges
        WHERE customer_id = :customer_id AND currency = :currency
          AND reversed_paid_minor < paid_minor
          AND (CAST(:made_by AS text) IS NULL OR requested_by = :made_by)
    )
    SELECT * FROM charges WHERE id IN (SELECT id FROM running WHERE before < :minor)
    ORDER BY id DESC FOR NO KEY UPDATE
""")
_REVERSE = text("""
    WITH kept AS (
        INSERT INTO charge_reversals (id, charge_id, paid_minor, promo_minor, requested_by,
                                      created_at, refund_id)
        VALUES (:id, :charge_id, :paid, :promo, :requested_by, :at, :refund_id)
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


async def lock_reversible(
    session: WriteSession, customer_id: str, currency: str, made_by: str | None, minor: int
) -> list[Charge]:
    """The newest charges that together took `minor` of paid money, and can give it back.

    `made_by` None: whoever made them.
    """
    parameters = {
        "customer_id": customer_id,
        "currency": currency,
        "made_by": made_by,
        "minor": minor,
    }
    return [charge_of(row) for row in await session.all(_LOCK_REVERSIBLE, parameters)]


async def add_reversal(
    session: WriteSession,
    locked: Charge,
    reversal_id: UUID,
    parts: Parts,
    *,
    requested_by: str,
    at: datetime,
    refund_id: UUID | None = None,
) -> Charge:
    """`refund_id`: the refund whose journal books it, where that is not one of its own."""
    await session.run(
        _REVERSE,
        {
            "id": reversal_id,
            "charge_id": locked.id,
            "paid": parts.paid_minor,
            "promo": parts.promo_minor,
            "requested_by": requested_by,
            "at": at,
            "refund_id": refund_id,
        },
    )
    returned = Parts(
        locked.returned.paid_minor + parts.paid_minor,
        locked.returned.promo_minor + parts.promo_minor,
    )
    return replace(locked, returned=returned)
