"""Places for long polls: few, so that they cannot take the threads other requests need."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Waiters:
    def __init__(self, places: int, tick_seconds: float = 0.25) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._tick_seconds = tick_seconds
        # The server replaces it, so that a stop need not wait for the polls to end.
        self.is_stopping: Callable[[], bool] = lambda: False

    @contextmanager
    def place(self) -> Iterator[bool]:
        """True when there was a place; False means: answer at once."""
        taken = self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._places.release()

    def ticks(self, seconds: int) -> Iterator[None]:
        """Yields after each short sleep until the time is over or the server stops."""
        deadline = time.monotonic() + seconds
        while not self.is_stopping():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(self._tick_seconds, left))
            yield
