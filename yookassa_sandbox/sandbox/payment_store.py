"""Payments at rest: the public object as JSON beside the columns that lists and deadlines need."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.state import Row, State, dump, load


@dataclass(slots=True)
class Payment:
    """`document` is what the API shows; `private` is what only the sandbox knows."""

    id: str
    shop_id: str
    document: dict[str, Any]
    created_ms: int
    deadline_ms: int | None = None
    captured_ms: int | None = None
    private: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """The lifecycle's state."""
        return str(self.document["status"])

    @property
    def final(self) -> bool:
        """Nothing changes any more."""
        return self.status in ("succeeded", "canceled")


class PaymentStore:
    """Reads and writes; knows no rule."""

    def __init__(self, state: State) -> None:
        self._state = state

    def insert(self, payment: Payment) -> None:
        """A new row, last in its millisecond."""
        self._state.run(
            "INSERT INTO payments (id, shop_id, status, method, created_ms, captured_ms,"
            " deadline_ms, document, private) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(payment.id, payment.shop_id, payment.status, _method(payment)),
            *(payment.created_ms, payment.captured_ms, payment.deadline_ms),
            *(dump(payment.document), dump(payment.private)),
        )

    def update(self, payment: Payment) -> None:
        """The whole row but its identity."""
        self._state.run(
            "UPDATE payments SET status = ?, method = ?, captured_ms = ?, deadline_ms = ?,"
            " document = ?, private = ? WHERE id = ?",
            *(payment.status, _method(payment), payment.captured_ms, payment.deadline_ms),
            *(dump(payment.document), dump(payment.private), payment.id),
        )

    def find(self, payment_id: str) -> Payment | None:
        """Whatever shop it belongs to."""
        row = self._state.one("SELECT * FROM payments WHERE id = ?", payment_id)
        return None if row is None else _load(row)

    def overdue(self, now_ms: int, limit: int) -> list[Payment]:
        """Those whose deadline has passed."""
        rows = self._state.all(
            "SELECT * FROM payments WHERE deadline_ms <= ? ORDER BY deadline_ms LIMIT ?",
            (now_ms, limit),
        )
        return [_load(row) for row in rows]

    def page(self, conditions: list[tuple[str, Any]], limit: int) -> list[tuple[int, Payment]]:
        """Newest first, with each row's number for the cursor."""
        rows = self._state.page("payments", conditions, limit)
        return [(row["seq"], _load(row)) for row in rows]


def _load(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        shop_id=row["shop_id"],
        document=load(row["document"]),
        created_ms=row["created_ms"],
        deadline_ms=row["deadline_ms"],
        captured_ms=row["captured_ms"],
        private=load(row["private"]),
    )


def _method(payment: Payment) -> str | None:
    method: str | None = payment.document.get("payment_method", {}).get("type")
    return method
