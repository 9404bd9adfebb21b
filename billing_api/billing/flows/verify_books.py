"""Prove the books by counting what must not be: every figure here is zero in sound books."""

from dataclasses import dataclass

from sqlalchemy import text

from billing.platform.database import Database

# One snapshot for all figures: payments go on being settled meanwhile.
_ONE_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
PATIENCE_SECONDS = 600
_MUST_BE_NONE = (
    (
        "journals sum to zero per currency",
        """SELECT journal_id FROM postings GROUP BY journal_id, currency
           HAVING sum(amount_minor) <> 0""",
    ),
    (
        "journals have postings",
        """SELECT id FROM journals j
           WHERE NOT EXISTS (SELECT FROM postings WHERE journal_id = j.id)""",
    ),
    (
        "running balances equal the sums of their postings",
        """WITH sums AS (
               SELECT a.customer_id, a.currency,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_paid') AS paid,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_promo') AS promo,
                      sum(amount_minor) FILTER (WHERE a.kind = 'customer_held') AS held,
                      -sum(amount_minor) FILTER (WHERE a.kind = 'customer_receivable') AS owed
               FROM postings p JOIN accounts a ON a.id = p.account_id
               WHERE a.customer_id IS NOT NULL GROUP BY a.customer_id, a.currency)
           SELECT 1 FROM sums FULL JOIN customer_balances b USING (customer_id, currency)
           WHERE (coalesce(paid, 0), coalesce(promo, 0), coalesce(held, 0), coalesce(owed, 0))
                 IS DISTINCT FROM (coalesce(paid_minor, 0), coalesce(promo_minor, 0),
                                   coalesce(held_minor, 0), coalesce(receivable_minor, 0))""",
    ),
    (
        "no running balance is negative",
        """SELECT 1 FROM customer_balances
           WHERE least(paid_minor, promo_minor, held_minor, receivable_minor) < 0""",
    ),
    (
        "every succeeded payment has one journal",
        """SELECT p.id FROM payments p LEFT JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           WHERE p.status = 'succeeded' GROUP BY p.id HAVING count(j.id) <> 1""",
    ),
    (
        "a payment's journal carries its amount",
        """SELECT p.id FROM payments p JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           JOIN postings s ON s.journal_id = j.id JOIN accounts a ON a.id = s.account_id
           WHERE a.kind = 'provider' GROUP BY p.id, p.amount_minor
           HAVING sum(-s.amount_minor) <> p.amount_minor""",
    ),
    (
        "a payment's journal credits its own customer",
        """SELECT j.id FROM payments p JOIN journals j
               ON j.payment_id = p.id AND j.kind IN ('payment', 'late_payment')
           JOIN postings s ON s.journal_id = j.id JOIN accounts a ON a.id = s.account_id
           WHERE a.customer_id IS NOT NULL AND a.customer_id <> p.customer_id""",
    ),
    (
        "only succeeded payments have a journal",
        """SELECT j.id FROM journals j LEFT JOIN payments p ON p.id = j.payment_id
           WHERE j.kind = 'payment' AND p.status IS DISTINCT FROM 'succeeded'""",
    ),
    (
        "money booked late belongs to a payment that was given up and is paid there",
        """SELECT j.id FROM journals j LEFT JOIN payments p ON p.id = j.payment_id
           WHERE j.kind = 'late_payment'
             AND (p.status, p.provider_status) IS DISTINCT FROM ('canceled', 'succeeded')""",
    ),
    (
        "the feed carries every payment's last version",
        """SELECT p.id FROM payments p WHERE NOT EXISTS (
               SELECT FROM changes c WHERE c.kind = 'payment' AND c.object_id = p.id::text
                  AND c.version = p.version)""",
    ),
)


_COUNTS = {
    name: text(f"SELECT count(*) AS n FROM ({query}) AS violation")  # noqa: S608 - constants
    for name, query in _MUST_BE_NONE
}


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    violations: int


async def verify_books(db: Database) -> list[Check]:
    checks = []
    async with db.begin(patience_seconds=PATIENCE_SECONDS) as session:
        await session.run(_ONE_SNAPSHOT)
        for name, count in _COUNTS.items():
            row = await session.one(count)
            checks.append(Check(name, int(row["n"])))
    return checks
