"""Reads of the seals, and of the books as a seal sees them."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import text

from billing.platform.database import ReadSession, Row
from billing.seals.rules import BEFORE_ALL, Figures, Limits, Seal, disagreement

_FIRST = text("SELECT min(at) AS at FROM journals")
_LAST = text("SELECT *, CAST(horizon AS text) AS below FROM seals ORDER BY day DESC LIMIT 1")
_ALL = text("SELECT *, CAST(horizon AS text) AS below FROM seals ORDER BY day")
_OLDEST = text("SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS xid")
# A journal is spelled with all that it says and with whose accounts it moved, as jsonb writes it;
# times as microseconds, for their spelling depends on the session.
_FIGURES = text("""
    WITH covered AS MATERIALIZED (
        SELECT id, false AS late FROM journals
        WHERE at >= :after_at AND at < :ends_at
          AND made_by < CAST(CAST(:horizon AS text) AS xid8)
        UNION ALL
        SELECT id, true FROM journals
        WHERE made_by >= CAST(CAST(:after_horizon AS text) AS xid8)
          AND made_by < CAST(CAST(:horizon AS text) AS xid8) AND at < :after_at
    ), lines AS MATERIALIZED (
        SELECT s.journal_id, count(*) AS postings,
               jsonb_agg(jsonb_build_array(s.line_no, s.account_id, a.kind, a.customer_id,
                                           s.currency, s.amount_minor) ORDER BY s.line_no) AS said
        FROM covered c JOIN postings s ON s.journal_id = c.id JOIN accounts a ON a.id = s.account_id
        GROUP BY s.journal_id
    ), spelled AS (
        SELECT c.id, c.late, coalesce(l.postings, 0) AS postings,
               sha256(convert_to(CAST(jsonb_build_array(
                   j.id, j.kind, j.payment_id, j.subject_id, j.corrects,
                   CAST(extract(epoch FROM j.at) * 1000000 AS bigint), j.description,
                   CAST(j.made_by AS text), l.said) AS text), 'UTF8')) AS hash
        FROM covered c JOIN journals j ON j.id = c.id LEFT JOIN lines l ON l.journal_id = c.id
    ), sums AS (
        SELECT s.currency, sum(abs(s.amount_minor)) AS total
        FROM covered c JOIN postings s ON s.journal_id = c.id GROUP BY s.currency
    )
    SELECT count(*) AS journals, count(*) FILTER (WHERE late) AS late,
           coalesce(sum(postings), 0) AS postings,
           sha256(coalesce(string_agg(hash, CAST('' AS bytea) ORDER BY id),
                           CAST('' AS bytea))) AS digest,
           (SELECT coalesce(jsonb_object_agg(currency, total), CAST('{}' AS jsonb)) FROM sums)
               AS totals
    FROM spelled
""")


async def first_day_at(session: ReadSession) -> datetime | None:
    """When the first journal was booked."""
    row = await session.first(_FIRST)
    at: datetime | None = row["at"] if row is not None else None
    return at


async def last_seal(session: ReadSession) -> Seal | None:
    row = await session.first(_LAST)
    return None if row is None else _seal_of(row)


async def oldest_open(session: ReadSession) -> int:
    """All transactions below this number have ended."""
    row = await session.first(_OLDEST)
    if row is None:
        raise RuntimeError("the server told no snapshot")
    return int(row["xid"])


async def read_figures(session: ReadSession, limits: Limits, before: Limits) -> Figures:
    row = await session.first(
        _FIGURES,
        {
            "after_at": before.ends_at,
            "after_horizon": str(before.horizon),
            "ends_at": limits.ends_at,
            "horizon": str(limits.horizon),
        },
    )
    if row is None:
        raise RuntimeError("an aggregate has one row")
    return Figures(
        journals=row["journals"],
        late=row["late"],
        postings=int(row["postings"]),
        totals={currency: int(total) for currency, total in row["totals"].items()},
        digest=row["digest"],
    )


async def broken_seals(session: ReadSession) -> Sequence[tuple[date, str]]:
    """Each sealed day that does not hold, and why. Reads every journal that was ever sealed."""
    broken = []
    before: Seal | None = None
    for row in await session.all(_ALL):
        seal = _seal_of(row)
        limits = BEFORE_ALL if before is None else before.limits
        figures = await read_figures(session, seal.limits, limits)
        wrong = disagreement(seal, before, figures)
        if wrong is not None:
            broken.append((seal.day, wrong))
        before = seal
    return broken


def _seal_of(row: Row) -> Seal:
    return Seal(
        day=row["day"],
        limits=Limits(row["ends_at"], int(row["below"])),
        journals=row["journals"],
        late=row["late"],
        postings=row["postings"],
        totals={currency: int(total) for currency, total in row["totals"].items()},
        previous=row["previous"],
        hash=row["hash"],
    )
