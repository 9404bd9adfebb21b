"""Reads of charges; `owner` None reads across owners."""

from uuid import UUID

from sqlalchemy import text

from billing.charges.problems import ChargeNotFound
from billing.charges.rows import charge_of
from billing.charges.rules import Charge
from billing.platform.database import ReadSession
from billing.platform.paging import Page, PageQuery, newest_first, read_page

_GET = text("""
    SELECT * FROM charges WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_LISTS = {key: text(sql) for key, sql in newest_first("charges").items()}


async def get_charge(session: ReadSession, charge_id: UUID, owner: str | None) -> Charge:
    row = await session.first(_GET, {"id": charge_id, "owner": owner})
    if row is None:
        raise ChargeNotFound
    return charge_of(row)


async def list_charges(session: ReadSession, wanted: PageQuery) -> Page[Charge]:
    return await read_page(session, _LISTS, wanted, charge_of)
