"""Reads of adjustments, by staff alone."""

from uuid import UUID

from sqlalchemy import text

from billing.adjustments.problems import AdjustmentNotFound
from billing.adjustments.rows import adjustment_of
from billing.adjustments.rules import Adjustment
from billing.platform.database import ReadSession
from billing.platform.paging import Page, encode_cursor

_GET = text("SELECT * FROM balance_adjustments WHERE id = :id")
_LISTS = {
    (by_owner, after): text(f"""
        SELECT * FROM balance_adjustments WHERE true
        {"AND customer_id = :owner" if by_owner else ""}
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - both parts are constants
    for by_owner in (False, True)
    for after in (False, True)
}


async def get_adjustment(session: ReadSession, adjustment_id: UUID) -> Adjustment:
    row = await session.first(_GET, {"id": adjustment_id})
    if row is None:
        raise AdjustmentNotFound
    return adjustment_of(row)


async def list_adjustments(
    session: ReadSession, owner: str | None, *, after: UUID | None, limit: int
) -> Page[Adjustment]:
    """Newest first."""
    statement = _LISTS[owner is not None, after is not None]
    rows = await session.all(statement, {"owner": owner, "after": after, "limit": limit + 1})
    items = [adjustment_of(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)
