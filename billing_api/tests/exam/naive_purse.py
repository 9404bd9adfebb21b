"""Controls: purses that do what seems enough."""

from datetime import datetime

from billing_parts.purse import Purse
from sqlalchemy import text

from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.ledger.store import post_journal
from billing.platform.ids import new_id

_ADD = text("""
    UPDATE customer_balances SET paid_minor = paid_minor + :minor WHERE customer_id = :customer
""")


class TwoSteps(Purse):
    """Credits the balance in one transaction and writes the journal in the next."""

    async def fund(
        self, minor: int, kind: str = "paid", *, expires_at: datetime | None = None,
        key: str | None = None,
    ) -> Answered:  # fmt: skip
        journal_id = new_id()
        async with self.database.begin() as session:
            await session.run(_ADD, {"minor": minor, "customer": self.customer})
        lines = lines_of(
            "RUB",
            self.customer,
            (AccountKind.ADJUSTMENT, -minor),
            (AccountKind.CUSTOMER_PAID, minor),
        )
        kind_of = JournalKind.ADJUSTMENT
        async with self.database.begin() as session:
            now = self.clock.now()
            await post_journal(
                session, Journal(journal_id, kind_of, now, lines, subject_id=journal_id)
            )
        return Answered(journal_id, StoredAnswer(201, b"{}"), replayed=False)


class Keyless(Purse):
    """Takes a key and forgets it: whoever asks again is served again."""

    def _scope(self, route: str, key: str | None) -> KeyScope | None:
        return None
