"""Reads of payments; `owner` None reads across owners and is for staff and the worker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.payments.problems import PaymentNotFound
from billing.payments.rows import payment_of
from billing.payments.rules import Payment, PaymentStatus
from billing.platform.database import ReadSession
from billing.platform.paging import Page, encode_cursor

_GET = text("""
    SELECT * FROM payments
    WHERE id = :id AND (CAST(:owner AS text) IS NULL OR customer_id = :owner)
""")
_BY_PROVIDER_ID = text("SELECT * FROM payments WHERE provider_id = :provider_id")
_UNDECIDED = text("""
    SELECT count(*) AS open, min(created_at) AS oldest FROM payments WHERE undecided
""")
_BY_PROVIDER_IDS = text("""
    SELECT id, provider_id FROM payments WHERE provider_id = ANY(CAST(:ids AS text[]))
""")
_NEWER_LEFT = text("""
    SELECT coalesce(sum(greatest(0, captured_minor - refunded_minor - refunding_minor)), 0) AS minor
    FROM payments
    WHERE customer_id = :customer_id AND currency = :currency AND captured_minor > 0 AND id > :id
""")
_CREATED = text("SELECT * FROM payments WHERE created_at >= :since")
_HELD = text("SELECT count(*) AS held FROM payments WHERE quarantine_reason IS NOT NULL")
_LISTS = {
    (by_status, after): text(f"""
        SELECT * FROM payments
        WHERE customer_id = :owner
        {"AND status = :status" if by_status else ""}
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - both parts are constants
    for by_status in (False, True)
    for after in (False, True)
}


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    owner: str
    status: PaymentStatus | None = None
    after: UUID | None = None
    limit: int = 20


async def get_payment(session: ReadSession, payment_id: UUID, owner: str | None) -> Payment:
    row = await session.first(_GET, {"id": payment_id, "owner": owner})
    if row is None:
        raise PaymentNotFound
    return payment_of(row)


async def find_payment_id(
    session: ReadSession, provider_id: str, payment_uid: UUID | None
) -> UUID | None:
    """By the provider's id, else by ours as the provider echoes it: a lost answer has no other."""
    row = await session.first(_BY_PROVIDER_ID, {"provider_id": provider_id})
    if row is None and payment_uid is not None:
        row = await session.first(_GET, {"id": payment_uid, "owner": None})
    return None if row is None else row["id"]


async def list_payments(session: ReadSession, wanted: PaymentFilter) -> Page[Payment]:
    statement = _LISTS[wanted.status is not None, wanted.after is not None]
    parameters: dict[str, object] = {"owner": wanted.owner, "limit": wanted.limit + 1}
    if wanted.status is not None:
        parameters["status"] = wanted.status.value
    if wanted.after is not None:
        parameters["after"] = wanted.after
    rows = await session.all(statement, parameters)
    items = [payment_of(row) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return Page(items, encode_cursor(items[-1].id) if more else None)


async def count_undecided(session: ReadSession) -> tuple[int, datetime | None]:
    """How many payments the provider has not decided, and since when the oldest waits."""
    row = await session.first(_UNDECIDED)
    return (int(row["open"]), row["oldest"]) if row else (0, None)


async def count_held(session: ReadSession) -> int:
    """How many payments wait for a person's decision."""
    row = await session.first(_HELD)
    return int(row["held"]) if row else 0


async def list_created(session: ReadSession, since: datetime) -> list[Payment]:
    return [payment_of(row) for row in await session.all(_CREATED, {"since": since})]


async def sum_newer_left(session: ReadSession, payment: Payment) -> int:
    """What is not refunded of the money the same customer paid later."""
    parameters = {
        "customer_id": payment.customer_id,
        "currency": payment.amount.currency,
        "id": payment.id,
    }
    row = await session.first(_NEWER_LEFT, parameters)
    return 0 if row is None else int(row["minor"])


async def find_payment_ids(session: ReadSession, provider_ids: list[str]) -> dict[str, UUID]:
    """Ours by the provider's, as far as they are of payments of ours."""
    rows = await session.all(_BY_PROVIDER_IDS, {"ids": provider_ids})
    return {row["provider_id"]: row["id"] for row in rows}
