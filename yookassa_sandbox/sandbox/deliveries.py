"""The journal of notifications: what is to be sent, when, and what became of each attempt."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.clock import to_wire
from sandbox.faults import FaultSpec
from sandbox.ids import random_id
from sandbox.state import Row, State

_DAY_MS = 86_400_000
# waiting -> delivered | given_up; lost and unaddressed are never sent by themselves
WAITING, DELIVERED, GIVEN_UP, LOST, UNADDRESSED = (
    *("waiting", "delivered", "given_up", "lost", "unaddressed"),
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notification on its way."""

    id: str
    object_id: str
    body: str
    state: str
    base_ms: int
    made: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one sending came to; no code when there was no answer."""

    at_ms: int
    duration_ms: int
    code: int | None
    error: str | None


class Deliveries:
    """Rows are written in the transaction of the event itself: no event is without its delivery."""

    def __init__(self, state: State, offsets: tuple[int, ...]) -> None:
        self._state, self._offsets = state, offsets

    def add(
        self, event: str, payload: dict[str, Any], *, now_ms: int, fault: FaultSpec | None
    ) -> None:
        """One row, or as many copies as the fault wants."""
        mode = fault.mode if fault else None
        copies = fault.copies if fault and mode == "webhook_duplicate" else 1
        base = now_ms
        if fault and mode in ("webhook_late", "webhook_out_of_order"):
            base += round((15.0 if fault.delay is None else fault.delay) * 1000)
        state = LOST if mode == "webhook_lost" else WAITING
        body = {"type": "notification", "event": event, "object": payload}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        next_ms = base + self._offsets[0] * 1000 if state == WAITING else None
        for _ in range(copies):
            self._state.run(
                "INSERT INTO deliveries (id, object_id, event, body, fault, state, base_ms,"
                " next_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(random_id(), payload["id"], event, text, mode, state, base, next_ms),
            )

    def due(self, now_ms: int, limit: int) -> list[Delivery]:
        """Oldest first."""
        rows = self._state.all(
            "SELECT * FROM deliveries WHERE next_ms <= ? ORDER BY next_ms, seq LIMIT ?",
            (now_ms, limit),
        )
        return [_load(row) for row in rows]

    def of_object(self, object_id: str) -> list[Delivery]:
        """Those of one payment, or one refund, that still wait."""
        rows = self._state.all(
            "SELECT * FROM deliveries WHERE object_id = ? AND state = ? ORDER BY seq",
            (object_id, WAITING),
        )
        return [_load(row) for row in rows]

    def find(self, delivery_id: str) -> Delivery | None:
        """By its own id."""
        row = self._state.one("SELECT * FROM deliveries WHERE id = ?", delivery_id)
        return None if row is None else _load(row)

    def record(self, delivery: Delivery, attempt: Attempt, *, now_ms: int) -> str:
        """The journal line and the next date, if there is to be one; the new state."""
        made = delivery.made + 1
        state, next_ms = self._after(delivery, made, attempt.code, now_ms)
        with self._state.transaction():
            self._state.run(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?)",
                *(delivery.id, made, attempt.at_ms, attempt.duration_ms),
                *(attempt.code, attempt.error),
            )
            self._state.run(
                "UPDATE deliveries SET state = ?, made = ?, next_ms = ? WHERE id = ?",
                *(state, made, next_ms, delivery.id),
            )
            self._release_held(delivery, now_ms)
        return state

    def set_unaddressed(self) -> int:
        """Without an address nothing can be sent: the row stays to be read."""
        return self._state.run(
            "UPDATE deliveries SET state = ?, next_ms = NULL WHERE next_ms IS NOT NULL",
            UNADDRESSED,
        )

    def show(self, *, object_id: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Newest first, with every attempt."""
        rows = self._state.all(
            "SELECT * FROM deliveries WHERE ? IS NULL OR object_id = ? ORDER BY seq DESC LIMIT ?",
            (object_id, object_id, limit),
        )
        return [self._show_one(row) for row in rows]

    def _show_one(self, row: Row) -> dict[str, Any]:
        """A delivery as the control API answers it."""
        attempts = self._state.all(
            "SELECT * FROM attempts WHERE delivery_id = ? ORDER BY rowid", (row["id"],)
        )
        return {
            "id": row["id"],
            "object_id": row["object_id"],
            "event": row["event"],
            "state": row["state"],
            "fault": row["fault"],
            "next_at": None if row["next_ms"] is None else to_wire(row["next_ms"]),
            "attempts": [
                {
                    "number": one["number"],
                    "at": to_wire(one["at_ms"]),
                    "duration_ms": one["duration_ms"],
                    "code": one["code"],
                    "error": one["error"],
                }
                for one in attempts
            ],
            "body": json.loads(row["body"]),
        }

    def show_by_id(self, delivery_id: str) -> dict[str, Any]:
        """One that the caller has found."""
        rows = self._state.all("SELECT * FROM deliveries WHERE id = ?", (delivery_id,))
        return self._show_one(rows[0])

    def _after(
        self, delivery: Delivery, made: int, code: int | None, now_ms: int
    ) -> tuple[str, int | None]:
        """Redelivery goes on by the clock whatever the payment does; 200 alone ends it well."""
        if code == 200:
            return DELIVERED, None
        if delivery.state != WAITING:  # sent again by hand: its own fate stays
            return delivery.state, None
        if made >= len(self._offsets) or now_ms - delivery.base_ms > _DAY_MS:
            return GIVEN_UP, None
        return WAITING, delivery.base_ms + self._offsets[made] * 1000

    def _release_held(self, delivery: Delivery, now_ms: int) -> None:
        """An event that was to be overtaken goes out once a later one has been tried.

        A refund's events come after its payment's, and may overtake them.
        """
        row = self._state.one("SELECT payment_id FROM refunds WHERE id = ?", delivery.object_id)
        payment = delivery.object_id if row is None else row["payment_id"]
        self._state.run(
            "UPDATE deliveries SET next_ms = ?, base_ms = ? WHERE made = 0 AND state = ?"
            " AND (object_id = ? OR object_id IN (SELECT id FROM refunds WHERE payment_id = ?))"
            " AND fault = 'webhook_out_of_order'"
            " AND seq < (SELECT seq FROM deliveries WHERE id = ?)",
            *(now_ms, now_ms, WAITING, payment, payment, delivery.id),
        )


def _load(row: Row) -> Delivery:
    return Delivery(
        *(row["id"], row["object_id"], row["body"], row["state"], row["base_ms"], row["made"])
    )
