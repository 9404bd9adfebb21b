"""Reads of refunds; `owner` None reads across owners and is for staff and the worker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.platform.database import ReadSession
from billing.platform.paging import Page, PageQuery, newest_first, read_page
from billing.refunds.problems import RefundNotFound
from billing.refunds.rows import refund_of
from billing.refunds.rules import Refund

_GET = text("""
    SELECT * FROM refunds WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_BY_PROVIDER_ID = text("SELECT id FROM refunds WHERE provider_id = :provider_id")
_CREATED = text("SELECT * FROM refunds WHERE sent_to = 'card' AND created_at >= :since")
_OVER = text("""
    SELECT provider_id FROM refunds
    WHERE provider_id = ANY(CAST(:ids AS text[])) AND status = provider_status
      AND status <> 'pending'
""")
_COUNT = text("""
    SELECT count(*) FILTER (WHERE status = 'pending') AS open,
           min(created_at) FILTER (WHERE status = 'pending') AS oldest,
           count(*) FILTER (WHERE quarantine_reason IS NOT NULL) AS held
    FROM refunds WHERE status = 'pending' OR quarantine_reason IS NOT NULL
""")
_SCAN = text("SELECT read_until FROM refund_scans WHERE shop_id = :shop_id")
_NEWER_RETURNED = text("""
    SELECT coalesce(sum(amount_minor), 0) AS minor FROM refunds
    WHERE customer_id = :customer_id AND currency = :currency AND sent_to = 'balance' AND id > :id
""")
_LISTS = {key: text(sql) for key, sql in newest_first("refunds").items()}


@dataclass(frozen=True, slots=True)
class OpenRefunds:
    """How many the provider has not ended, since when the oldest, how many wait for a person."""

    open: int
    oldest: datetime | None
    held: int


async def get_refund(session: ReadSession, refund_id: UUID, owner: str | None) -> Refund:
    row = await session.first(_GET, {"id": refund_id, "owner": owner})
    if row is None:
        raise RefundNotFound
    return refund_of(row)


async def list_refunds(session: ReadSession, wanted: PageQuery) -> Page[Refund]:
    return await read_page(session, _LISTS, wanted, refund_of)


async def find_refund_id(
    session: ReadSession, provider_id: str, refund_uid: UUID | None
) -> UUID | None:
    """By the provider's id, else by ours as the provider echoes it: a lost answer has no other."""
    row = await session.first(_BY_PROVIDER_ID, {"provider_id": provider_id})
    if row is None and refund_uid is not None:
        row = await session.first(_GET, {"id": refund_uid, "owner": None})
    return None if row is None else row["id"]


async def list_created(session: ReadSession, since: datetime) -> list[Refund]:
    """Those that go through the provider."""
    return [refund_of(row) for row in await session.all(_CREATED, {"since": since})]


async def read_scan(session: ReadSession, shop_id: str) -> datetime | None:
    row = await session.first(_SCAN, {"shop_id": shop_id})
    return None if row is None else row["read_until"]


async def count_open(session: ReadSession) -> OpenRefunds:
    row = await session.first(_COUNT)
    return OpenRefunds(0, None, 0) if row is None else OpenRefunds(**row)


async def list_over(session: ReadSession, provider_ids: list[str]) -> set[str]:
    """Which of them have reached the same end on both sides."""
    rows = await session.all(_OVER, {"ids": provider_ids})
    return {row["provider_id"] for row in rows}


async def sum_newer_returned(
    session: ReadSession, customer_id: str, currency: str, after: UUID
) -> int:
    """What was given back to the balance after something with that id was made."""
    parameters = {"customer_id": customer_id, "currency": currency, "id": after}
    row = await session.first(_NEWER_RETURNED, parameters)
    return 0 if row is None else int(row["minor"])
