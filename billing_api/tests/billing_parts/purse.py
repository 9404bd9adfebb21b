"""One customer's balance in the hands of a test: our own flows, with as few words as can be."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from billing.adjustments.rules import Adjustment, AdjustmentKind
from billing.adjustments.store import add_adjustment
from billing.balance.store import lock_balance
from billing.flows.adjust_balance import AdjustBalance, adjust_balance
from billing.flows.capture_hold import CaptureHold, capture_hold
from billing.flows.charge_balance import ChargeBalance, charge_balance
from billing.flows.hold_balance import HoldBalance, hold_balance
from billing.flows.release_hold import ReleaseHold, release_hold
from billing.flows.reverse_charge import ReverseCharge, reverse_charge
from billing.flows.settle_journal import settle_journal
from billing.idempotency.rules import Answered, KeyScope
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.platform.ids import new_id
from billing.platform.money import Money

SHOP = "shop"
_PARTS = text("""
    SELECT paid_minor, promo_minor, held_minor, receivable_minor FROM customer_balances
    WHERE customer_id = :customer
""")
_JOURNALS = text("""
    SELECT kind FROM journals WHERE id IN (
        SELECT p.journal_id FROM postings p JOIN accounts a ON a.id = p.account_id
        WHERE a.customer_id = :customer) ORDER BY id
""")


@dataclass(frozen=True)
class Purse:
    database: Database
    clock: Clock
    customer: str

    async def fund(
        self, minor: int, kind: str = "paid", *, expires_at: datetime | None = None,
        key: str | None = None,
    ) -> Answered:  # fmt: skip
        command = AdjustBalance(
            self.customer, AdjustmentKind(kind), _rub(minor), "a test", expires_at, "finance"
        )
        return await adjust_balance(self.database, self.clock, command, self._scope("adjust", key))

    async def charge(
        self, minor: int, *, key: str | None = None, partial: bool = False, by: str = SHOP
    ) -> Answered:
        command = ChargeBalance(self.customer, _rub(minor), "a test", {}, by, partial)
        return await charge_balance(self.database, self.clock, command, self._scope("charge", key))

    async def reverse(
        self, charge: UUID, minor: int | None = None, *, key: str | None = None,
        owner: str | None = None,
    ) -> Answered:  # fmt: skip
        command = ReverseCharge(charge, owner, _maybe(minor), owner or SHOP)
        return await reverse_charge(self.database, self.clock, command, self._scope("reverse", key))

    async def hold(
        self, minor: int, *, key: str | None = None, expires_at: datetime | None = None,
        by: str = SHOP,
    ) -> Answered:  # fmt: skip
        command = HoldBalance(self.customer, _rub(minor), "a test", {}, by, expires_at)
        return await hold_balance(self.database, self.clock, command, self._scope("hold", key))

    async def capture(
        self, hold: UUID, minor: int | None = None, *, key: str | None = None,
        owner: str | None = None,
    ) -> Answered:  # fmt: skip
        command = CaptureHold(hold, owner, _maybe(minor), owner or SHOP)
        return await capture_hold(self.database, self.clock, command, self._scope("capture", key))

    async def release(
        self, hold: UUID, *, key: str | None = None, owner: str | None = None
    ) -> Answered:
        command = ReleaseHold(hold, owner)
        return await release_hold(self.database, self.clock, command, self._scope("release", key))

    async def owe(self, minor: int) -> None:
        """A debt, in books that stay provable: beside a kopeck credited by hand."""
        now, cent = self.clock.now(), _rub(1)
        adjustment = Adjustment(
            new_id(), self.customer, AdjustmentKind.PAID, cent, "a debt", None, "a test", now
        )
        lines = lines_of(
            "RUB",
            self.customer,
            (AccountKind.ADJUSTMENT, -cent.minor),
            (AccountKind.CUSTOMER_RECEIVABLE, -minor),
            (AccountKind.REVENUE, minor + cent.minor),
        )
        kind = JournalKind.ADJUSTMENT
        journal = Journal(new_id(), kind, now, lines, subject_id=adjustment.id)
        async with self.database.begin() as session:
            await add_adjustment(session, adjustment)
            balance = await lock_balance(session, self.customer, "RUB", now)
            await settle_journal(session, balance, journal)

    async def parts(self) -> tuple[int, int, int, int]:
        """Paid, promotional and held money, and what the customer owes; all in minor units."""
        async with self.database.read() as session:
            row = await session.first(_PARTS, {"customer": self.customer})
        return (0, 0, 0, 0) if row is None else tuple(dict(row).values())  # type: ignore[return-value]

    async def journals(self) -> list[str]:
        async with self.database.read() as session:
            rows = await session.all(_JOURNALS, {"customer": self.customer})
        return [row["kind"] for row in rows]

    def _scope(self, route: str, key: str | None) -> KeyScope | None:
        return None if key is None else KeyScope(self.customer, route, key, b"same")


def _rub(minor: int) -> Money:
    return Money(minor, "RUB")


def _maybe(minor: int | None) -> Money | None:
    return None if minor is None else _rub(minor)


def read(answered: Answered) -> dict[str, Any]:
    """The object in an answer."""
    shown: dict[str, Any] = json.loads(answered.answer.body)
    return shown
