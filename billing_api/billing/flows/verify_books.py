"""Prove the books by counting what must not be: every figure here is zero in sound books."""

from dataclasses import dataclass

from sqlalchemy import text

from billing.ledger.proofs import OF_DEBITS, OF_PAYMENTS
from billing.ledger.refund_proofs import OF_REFUNDS
from billing.platform.database import Database
from billing.seals.queries import broken_seals

# One snapshot for all figures: payments go on being settled meanwhile.
_ONE_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
PATIENCE_SECONDS = 600
PROOFS = (*OF_PAYMENTS, *OF_DEBITS, *OF_REFUNDS)
_COUNTS = {
    name: text(f"SELECT count(*) AS n FROM ({query}) AS violation")  # noqa: S608 - constants
    for name, query in PROOFS
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
        broken = await broken_seals(session)
    checks.append(Check("every sealed day holds", len(broken)))
    checks += [Check(f"seal of {day}: {why}", 1) for day, why in broken]
    return checks
