"""Reads of holds; `owner` None reads across owners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.holds.problems import HoldNotFound
from billing.holds.rows import hold_of
from billing.holds.rules import Hold
from billing.platform.database import ReadSession
from billing.platform.paging import Page, PageQuery, newest_first, read_page

_GET = text("""
    SELECT * FROM balance_holds
    WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_DUE = text("""
    SELECT id FROM balance_holds WHERE status = 'held' AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit
""")
_HELD_PAID = text("""
    SELECT coalesce(sum(paid_minor), 0) AS minor FROM balance_holds
    WHERE customer_id = :customer_id AND currency = :currency AND status = 'held'
""")
_LISTS = {key: text(sql) for key, sql in newest_first("balance_holds").items()}


async def get_hold(session: ReadSession, hold_id: UUID, owner: str | None) -> Hold:
    row = await session.first(_GET, {"id": hold_id, "owner": owner})
    if row is None:
        raise HoldNotFound
    return hold_of(row)


async def list_holds(session: ReadSession, wanted: PageQuery) -> Page[Hold]:
    return await read_page(session, _LISTS, wanted, hold_of)


async def list_due(session: ReadSession, now: datetime, limit: int) -> list[UUID]:
    """Holds whose time is over and that nobody has ended."""
    return [row["id"] for row in await session.all(_DUE, {"now": now, "limit": limit})]


async def sum_held_paid(session: ReadSession, customer_id: str, currency: str) -> int:
    """Paid money that stands aside and may still come back; call with the balance locked."""
    row = await session.first(_HELD_PAID, {"customer_id": customer_id, "currency": currency})
    return 0 if row is None else int(row["minor"])
