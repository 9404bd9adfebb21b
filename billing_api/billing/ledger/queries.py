"""Reads of the books. Nothing is kept for them: every figure is a sum of postings."""

from uuid import UUID

from sqlalchemy import text

from billing.ledger.debts import Debt
from billing.ledger.statement import Period, Place, Statement, StatementLine
from billing.platform.database import ReadSession, Row
from billing.platform.money import Money

# One line a journal that touches any account of the customer; the balance runs over the money that
# may be spent. The CTE is read once for the sums and once for the page.
_STATEMENT = text("""
    WITH moved AS MATERIALIZED (
        SELECT j.id, j.at, j.kind, j.description, j.payment_id,
               coalesce(sum(s.amount_minor)
                        FILTER (WHERE a.kind IN ('customer_paid', 'customer_promo')), 0) AS value
        FROM accounts a
        JOIN postings s ON s.account_id = a.id
        JOIN journals j ON j.id = s.journal_id
        WHERE a.kind IN ('customer_paid', 'customer_promo', 'customer_held', 'customer_receivable')
          AND a.customer_id = :customer_id AND a.currency = :currency
          AND (CAST(:until AS timestamptz) IS NULL OR j.at < :until)
          AND pg_visible_in_snapshot(j.made_by, CAST(CAST(:snapshot AS text) AS pg_snapshot))
        GROUP BY j.id
    ), running AS (
        SELECT *, sum(value) OVER (ORDER BY at, id) AS balance FROM moved
    ), page AS (
        SELECT * FROM running
        WHERE (CAST(:since AS timestamptz) IS NULL OR at >= :since)
          AND (CAST(:after_at AS timestamptz) IS NULL OR (at, id) > (:after_at, :after_id))
        ORDER BY at, id LIMIT :limit
    ), sums AS (
        SELECT coalesce(sum(value) FILTER (WHERE at < :since), 0) AS opening,
               coalesce(sum(value), 0) AS closing
        FROM moved
    )
    SELECT sums.opening, sums.closing, page.*
    FROM sums LEFT JOIN page ON true ORDER BY page.at, page.id
""")
_SNAPSHOT = text("SELECT CAST(pg_current_snapshot() AS text) AS seen")

# Who has a receivable account has owed something once, which is few. A debt is known by the last
# journal that took its customer from owing nothing to owing something.
_OWING = """
    SELECT opened.id, opened.at, b.customer_id, b.currency, b.receivable_minor
    FROM accounts a
    JOIN customer_balances b ON b.customer_id = a.customer_id AND b.currency = a.currency
    CROSS JOIN LATERAL (
        SELECT turn.id, turn.at FROM (
            SELECT j.id, j.at, sum(s.amount_minor) AS moved,
                   sum(sum(s.amount_minor)) OVER (ORDER BY j.at, j.id) AS owing
            FROM postings s JOIN journals j ON j.id = s.journal_id
            WHERE s.account_id = a.id GROUP BY j.id
        ) AS turn
        WHERE turn.owing < 0 AND turn.owing - turn.moved >= 0
        ORDER BY turn.at DESC, turn.id DESC LIMIT 1
    ) AS opened
    WHERE a.kind = 'customer_receivable' AND b.receivable_minor > 0
"""
_DEBTS = {
    after: text(f"""
        {_OWING} {"AND opened.id < :after" if after else ""}
        ORDER BY opened.id DESC LIMIT :limit
    """)
    for after in (False, True)
}
_DEBT = text(f"{_OWING} AND opened.id = :id")


async def list_debts(session: ReadSession, limit: int, *, after: UUID | None = None) -> list[Debt]:
    """Everybody's, the newest first, from `after` on."""
    statement = _DEBTS[after is not None]
    rows = await session.all(statement, {"after": after, "limit": limit})
    return [_debt_of(row) for row in rows]


async def find_debt(session: ReadSession, debt_id: UUID) -> Debt | None:
    row = await session.first(_DEBT, {"id": debt_id})
    return None if row is None else _debt_of(row)


def _debt_of(row: Row) -> Debt:
    owed = Money(row["receivable_minor"], row["currency"])
    return Debt(row["id"], row["customer_id"], owed, row["at"])


async def read_statement(
    session: ReadSession,
    customer_id: str,
    currency: str,
    period: Period,
    *,
    after: Place | None,
    limit: int,
) -> Statement:
    """A page of at most `limit` lines; opening and closing are those of the whole period."""
    snapshot = after.snapshot if after is not None else await _see(session)
    rows = await session.all(
        _STATEMENT,
        {
            "customer_id": customer_id,
            "currency": currency,
            "since": period.since,
            "until": period.until,
            "snapshot": snapshot,
            "after_at": None if after is None else after.at,
            "after_id": None if after is None else after.journal_id,
            "limit": limit + 1,
        },
    )
    lines = [
        StatementLine(
            journal_id=row["id"],
            at=row["at"],
            kind=row["kind"],
            description=row["description"],
            payment_id=row["payment_id"],
            value_minor=int(row["value"]),
            balance_minor=int(row["balance"]),
        )
        for row in rows
        if row["id"] is not None
    ]
    shown = lines[:limit]
    more = len(lines) > limit
    return Statement(
        currency=currency,
        period=period,
        opening_minor=int(rows[0]["opening"]),
        closing_minor=int(rows[0]["closing"]),
        lines=shown,
        next_place=Place(snapshot, shown[-1].at, shown[-1].journal_id) if more else None,
    )


async def _see(session: ReadSession) -> str:
    row = await session.first(_SNAPSHOT)
    return str(row["seen"]) if row is not None else ""
