"""Reads of charges; `owner` None reads across owners."""

from uuid import UUID

from sqlalchemy import text

from billing.charges.problems import ChargeNotFound
from billing.charges.rows import charge_of
from billing.charges.rules import Charge
from billing.platform.database import ReadSession
from billing.platform.paging import Page, encode_cursor

_GET = text("""
    SELECT * FROM charges WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_LISTS = {
    (by_owner, after): text(f"""
        SELECT * FROM charges WHERE true
        {"AND customer_id = :owner" if by_owner else ""}
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - both parts are constants
    for by_owner in (False, True)
    for after in (False, True)
}


async def get_charge(session: ReadSession, charge_id: UUID, owner: str | None) -> Charge:
    row = await session.first(_GET, {"id": charge_id, "owner": owner})
    if row is None:
        raise ChargeNotFound
    return charge_of(row)


async def list_charges(
    session: ReadSession, owner: str | None, *, after: UUID | None, limit: int
) -> Page[Charge]:
    """Newest first."""
    statement = _LISTS[owner is not None, after is not None]
    rows = await session.all(statement, {"owner": owner, "after": after, "limit": limit + 1})
    items = [charge_of(row) for row in rows[:limit]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > limit else None)
