"""Virtual time: the machine's clock moved by the suite's clock file {"offset_seconds": n}."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """The file is replaced in one rename, so a changed stat is all there is to watch."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._offset_ms = 0

    def now_ms(self) -> int:
        """Milliseconds since 1970, moved."""
        return real_ms() + self._offset()

    def now(self) -> datetime:
        """The same as an aware instant."""
        return from_ms(self.now_ms())

    def _offset(self) -> int:
        if not self._path:
            return 0
        try:
            stat = os.stat(self._path)
        except OSError:
            self._seen, self._offset_ms = None, 0
            return 0
        mark = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if mark != self._seen:
            self._seen, self._offset_ms = mark, self._read()
        return self._offset_ms

    def _read(self) -> int:
        """Half-written or foreign content leaves the clock where it was."""
        try:
            with open(self._path, encoding="utf-8") as file:
                return round(float(json.load(file)["offset_seconds"]) * 1000)
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return self._offset_ms


def real_ms() -> int:
    """Milliseconds since 1970 by the machine."""
    return time.time_ns() // 1_000_000


def from_ms(milliseconds: int) -> datetime:
    """An aware instant."""
    return EPOCH + timedelta(milliseconds=milliseconds)


def to_wire(milliseconds: int) -> str:
    """2026-01-31T10:12:06.249Z"""
    return from_ms(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
