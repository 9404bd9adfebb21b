"""argon2id in a bounded pool.

At most one hash a core runs, a bounded number waits, the rest are told to come back: without the
bound a burst of log-ins takes every request thread and every core with it.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from auth.platform.problems import TooManyRequests

T = TypeVar("T")

MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1


def _canonical(password: str) -> bytes:
    """The same letters typed on another keyboard are the same password (NFC)."""
    return unicodedata.normalize("NFC", password).encode()


class PasswordPool:
    def __init__(self, workers: int, waiting_max: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._room = threading.BoundedSemaphore(workers + waiting_max)
        # Compared when the name is unknown, so that the answer takes as long as for a known one.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._run(lambda: self._hasher.hash(_canonical(password)))

    def matches(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; as slow for a name that does not exist."""

        def compare() -> bool:
            try:
                return self._hasher.verify(stored or self._nobody, _canonical(password))
            except (VerificationError, InvalidHashError):
                return False

        return self._run(compare) and stored is not None

    def is_outdated(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)

    def _run(self, work: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise TooManyRequests(
                "Too many log-ins at this moment; try again.", headers={"Retry-After": "1"}
            )
        try:
            return self._pool.submit(work).result()
        finally:
            self._room.release()
