"""Reads of holds; `owner` None reads across owners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.holds.problems import HoldNotFound
from billing.holds.rows import hold_of
from billing.holds.rules import Hold
from billing.platform.database import ReadSession
from billing.platform.paging import Page, encode_cursor

_GET = text("""
    SELECT * FROM balance_holds
    WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_DUE = text("""
    SELECT id FROM balance_holds WHERE status = 'held' AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit
""")
_LISTS = {
    (by_owner, after): text(f"""
        SELECT * FROM balance_holds WHERE true
        {"AND customer_id = :owner" if by_owner else ""}
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - both parts are constants
    for by_owner in (False, True)
    for after in (False, True)
}


async def get_hold(session: ReadSession, hold_id: UUID, owner: str | None) -> Hold:
    row = await session.first(_GET, {"id": hold_id, "owner": owner})
    if row is None:
        raise HoldNotFound
    return hold_of(row)


async def list_holds(
    session: ReadSession, owner: str | None, *, after: UUID | None, limit: int
) -> Page[Hold]:
    """Newest first."""
    statement = _LISTS[owner is not None, after is not None]
    rows = await session.all(statement, {"owner": owner, "after": after, "limit": limit + 1})
    items = [hold_of(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)


async def list_due(session: ReadSession, now: datetime, limit: int) -> list[UUID]:
    """Holds whose time is over and that nobody has ended."""
    return [row["id"] for row in await session.all(_DUE, {"now": now, "limit": limit})]
