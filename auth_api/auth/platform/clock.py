"""The only place that asks the machine what time it is.

Everything auth does (tokens, sessions, audit) lives on real time: the suite's movable business
clock must never make a token live longer than its fifteen minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Read once per flow, into a local `now`."""

    def now(self) -> datetime: ...


class SystemClock:
    """Real time, aware, UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when a test moves it."""

    current: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def now(self) -> datetime:
        return self.current

    def advance(self, step: timedelta) -> None:
        self.current += step


def to_wire(moment: datetime) -> str:
    """RFC 3339 in UTC with the Z that the wire contract shows."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
