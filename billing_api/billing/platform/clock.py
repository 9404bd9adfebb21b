"""The only place that reads time. Business time may be moved in development; real time never is.

Business time dates money and decides what is due. Tokens, leases and pauses between calls stay on
real time, so moving the calendar cannot extend a session or break a lease.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

_INSTANT = re.compile(
    r"2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)


class Clock(Protocol):
    def now(self) -> datetime:
        """Business time, aware UTC."""
        ...

    def real_now(self) -> datetime:
        """Real time, aware UTC."""
        ...


def read_offset(path: Path) -> timedelta:
    """The offset kept in the clock file; no file or an unreadable one means none."""
    try:
        return timedelta(seconds=int(json.loads(path.read_text())["offset_seconds"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return timedelta(0)


class SystemClock:
    """Real time plus the offset in the clock file, re-read when the file changes."""

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._stamp: tuple[int, int] | None = None
        self._offset = timedelta(0)

    def now(self) -> datetime:
        return self.real_now() + self._current_offset()

    def real_now(self) -> datetime:
        return datetime.now(UTC)

    def _current_offset(self) -> timedelta:
        if self._file is None:
            return self._offset
        try:
            status = self._file.stat()
        except OSError:
            self._stamp, self._offset = None, timedelta(0)
            return self._offset
        # The inode counts too: two replacements may share one modification time.
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            self._offset = read_offset(self._file)
            self._stamp = stamp
        return self._offset


class ManualClock:
    """A clock for tests: stands still until told."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def real_now(self) -> datetime:
        return self._now

    def advance(self, **parts: float) -> None:
        self._now += timedelta(**parts)


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds and Z."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """RFC 3339 with seconds and an offset, in UTC; ValueError for anything else."""
    if not _INSTANT.fullmatch(text):
        raise ValueError("an instant like 2026-12-31T21:00:00Z")
    return datetime.fromisoformat(text).astimezone(UTC)
