"""Leaves a provider alone that does not answer: one breaker a shop and process. Pure.

Closed, every call is made. After `opens_after` calls in a row without an answer it is open: none is
made for `pause_seconds`. Then it is half open: one call, the probe, is let through; an answer
closes it, and none begins the next pause. A refusal is an answer.

The libraries (pybreaker, purgatory, aiobreaker) count exceptions and read the machine's clock; here
outcomes are values, and an hour's outage is tried out in a second.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Admission:
    """Leave to make one call; to be given back as answered, unanswered or abandoned."""

    is_probe: bool


class Breaker:
    """`now` in seconds from anywhere; nothing here waits, so no lock is needed in one loop."""

    def __init__(
        self,
        opens_after: int,
        pause_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pause_seconds = pause_seconds
        self._opens_after, self._now = opens_after, now
        self._failures = 0
        self._opened_at: float | None = None
        self._is_probing = False

    @property
    def state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        if self._now() - self._opened_at < self.pause_seconds:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    def room(self, wanted: int) -> int:
        """How many of so many calls would be let through now."""
        if self.state is BreakerState.CLOSED:
            return wanted
        is_free = self.state is BreakerState.HALF_OPEN and not self._is_probing
        return min(wanted, int(is_free))

    def admit(self) -> Admission | None:
        """None: the call is not to be made."""
        if not self.room(1):
            return None
        self._is_probing = self.state is BreakerState.HALF_OPEN
        return Admission(self._is_probing)

    def answered(self, admission: Admission) -> bool:
        """True where this closed it; an answer to a call from before it opened does so too."""
        self._end(admission)
        was_open = self._opened_at is not None
        self._failures, self._opened_at = 0, None
        return was_open

    def unanswered(self, admission: Admission) -> bool:
        """True where this opened it."""
        self._end(admission)
        if self._opened_at is not None:
            # Calls from before it opened end one by one: only the probe prolongs the pause.
            if admission.is_probe:
                self._opened_at = self._now()
            return False
        self._failures += 1
        if self._failures < self._opens_after:
            return False
        self._opened_at = self._now()
        return True

    def abandoned(self, admission: Admission) -> None:
        """Whoever asked went away, which says nothing: the next call is the probe."""
        self._end(admission)

    def _end(self, admission: Admission) -> None:
        if admission.is_probe:
            self._is_probing = False
