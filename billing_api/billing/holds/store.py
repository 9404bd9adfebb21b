"""Writes of holds: one begins, and ends once. A trigger insists."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.holds.problems import HoldNotFound
from billing.holds.rows import hold_of
from billing.holds.rules import Hold, HoldStatus
from billing.platform.database import WriteSession
from billing.platform.strict_json import dump_json

_INSERT = text("""
    INSERT INTO balance_holds (id, customer_id, status, paid_minor, promo_minor, currency, reason,
                               metadata, requested_by, created_at, expires_at)
    VALUES (:id, :customer_id, 'held', :paid, :promo, :currency, :reason,
            CAST(:metadata AS jsonb), :requested_by, :at, :expires_at)
""")
_LOCK = text("SELECT * FROM balance_holds WHERE id = :id FOR NO KEY UPDATE")
_END = text("""
    UPDATE balance_holds SET status = :status, captured_minor = :captured_minor, ended_at = :at
    WHERE id = :id
""")


async def add_hold(session: WriteSession, hold: Hold) -> None:
    await session.run_later(
        _INSERT,
        {
            "id": hold.id,
            "customer_id": hold.customer_id,
            "paid": hold.paid_minor,
            "promo": hold.promo_minor,
            "currency": hold.currency,
            "reason": hold.reason,
            "metadata": dump_json(hold.metadata).decode(),
            "requested_by": hold.requested_by,
            "at": hold.created_at,
            "expires_at": hold.expires_at,
        },
    )


async def lock_hold(session: WriteSession, hold_id: UUID) -> Hold:
    row = await session.first(_LOCK, {"id": hold_id})
    if row is None:
        raise HoldNotFound
    return hold_of(row)


async def end_hold(
    session: WriteSession, locked: Hold, status: HoldStatus, *, captured_minor: int, at: datetime
) -> Hold:
    parameters = {
        "id": locked.id,
        "status": status.value,
        "captured_minor": captured_minor,
        "at": at,
    }
    await session.run(_END, parameters)
    return replace(locked, status=status, captured_minor=captured_minor, ended_at=at)
