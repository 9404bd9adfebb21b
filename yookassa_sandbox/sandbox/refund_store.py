"""Refunds at rest: the public object as JSON beside the columns that sums, lists and dates need."""

from dataclasses import dataclass
from typing import Any

from sandbox.state import Row, State, dump, load


@dataclass(slots=True)
class Refund:
    """`document` is what the API shows; the rest is what only the sandbox knows.

    `due_ms`: when it ends by itself, in `canceled` if there is a `reason`; None for until told.
    """

    id: str
    shop_id: str
    payment_id: str
    document: dict[str, Any]
    amount_minor: int
    created_ms: int
    due_ms: int | None = None
    reason: str | None = None
    party: str | None = None

    @property
    def status(self) -> str:
        """The lifecycle's state."""
        return str(self.document["status"])


class RefundStore:
    """Reads and writes; knows no rule."""

    def __init__(self, state: State) -> None:
        self._state = state

    def insert(self, refund: Refund) -> None:
        """A new row, last in its millisecond."""
        self._state.run(
            "INSERT INTO refunds (id, shop_id, payment_id, status, amount_minor, created_ms,"
            " due_ms, reason, party, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(refund.id, refund.shop_id, refund.payment_id, refund.status, refund.amount_minor),
            *(refund.created_ms, refund.due_ms, refund.reason, refund.party),
            dump(refund.document),
        )

    def update(self, refund: Refund) -> None:
        """What its end changes."""
        self._state.run(
            "UPDATE refunds SET status = ?, due_ms = ?, document = ? WHERE id = ?",
            *(refund.status, refund.due_ms, dump(refund.document), refund.id),
        )

    def find(self, refund_id: str) -> Refund | None:
        """Whatever shop it belongs to."""
        row = self._state.one("SELECT * FROM refunds WHERE id = ?", refund_id)
        return None if row is None else _load(row)

    def taken_minor(self, payment_id: str) -> int:
        """What a payment has given back or is about to."""
        row = self._state.one(
            "SELECT COALESCE(SUM(amount_minor), 0) AS taken FROM refunds"
            " WHERE payment_id = ? AND status <> 'canceled'",
            payment_id,
        )
        return 0 if row is None else int(row["taken"])

    def due(self, now_ms: int, limit: int) -> list[Refund]:
        """Those whose date has come, oldest date first."""
        rows = self._state.all(
            "SELECT * FROM refunds WHERE due_ms <= ? ORDER BY due_ms, seq LIMIT ?",
            (now_ms, limit),
        )
        return [_load(row) for row in rows]

    def page(self, conditions: list[tuple[str, Any]], limit: int) -> list[tuple[int, Refund]]:
        """Newest first, with each row's number for the cursor."""
        return [(row["seq"], _load(row)) for row in self._state.page("refunds", conditions, limit)]


def _load(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        shop_id=row["shop_id"],
        payment_id=row["payment_id"],
        document=load(row["document"]),
        amount_minor=row["amount_minor"],
        created_ms=row["created_ms"],
        due_ms=row["due_ms"],
        reason=row["reason"],
        party=row["party"],
    )
