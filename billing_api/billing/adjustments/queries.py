"""Reads of adjustments, by staff alone."""

from uuid import UUID

from sqlalchemy import text

from billing.adjustments.problems import AdjustmentNotFound
from billing.adjustments.rows import adjustment_of
from billing.adjustments.rules import Adjustment
from billing.platform.database import ReadSession
from billing.platform.paging import Page, PageQuery, newest_first, read_page

_GET = text("SELECT * FROM balance_adjustments WHERE id = :id")
_NEWER_PAID = text("""
    SELECT coalesce(sum(amount_minor), 0) AS minor FROM balance_adjustments
    WHERE customer_id = :customer_id AND currency = :currency AND kind = 'paid' AND id > :id
""")
_LISTS = {key: text(sql) for key, sql in newest_first("balance_adjustments").items()}


async def get_adjustment(session: ReadSession, adjustment_id: UUID) -> Adjustment:
    row = await session.first(_GET, {"id": adjustment_id})
    if row is None:
        raise AdjustmentNotFound
    return adjustment_of(row)


async def list_adjustments(session: ReadSession, wanted: PageQuery) -> Page[Adjustment]:
    return await read_page(session, _LISTS, wanted, adjustment_of)


async def sum_newer_paid(session: ReadSession, customer_id: str, currency: str, after: UUID) -> int:
    """Paid money credited by hand after something with that id was made."""
    parameters = {"customer_id": customer_id, "currency": currency, "id": after}
    row = await session.first(_NEWER_PAID, parameters)
    return 0 if row is None else int(row["minor"])
