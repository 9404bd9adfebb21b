"""So many pieces of work a second in this process: a token bucket, its time given. Pure."""

import math
import time
from collections.abc import Callable


class Budget:
    """`per_second` above 0; a second's worth is saved up at most. `now` in seconds."""

    def __init__(self, per_second: float, now: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._now = per_second, now
        self._most = max(1, math.ceil(per_second))
        self._left = float(self._most)
        self._counted_at = now()

    def room(self, wanted: int) -> int:
        """How many of so many may be done now."""
        now = self._now()
        # A clock set back adds nothing and takes nothing.
        earned = max(0.0, now - self._counted_at) * self._per_second
        self._left = min(self._most, self._left + earned)
        self._counted_at = now
        return max(0, min(wanted, int(self._left)))

    def spend(self, count: int) -> None:
        self._left -= count
