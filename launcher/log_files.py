"""Reading log files while they are written: from their end, through rotation and truncation.

The supervisor renames `x.log` to `x.log.1` and so on, wherever its buffer ends: a line may begin in
one file and end in the next. So a file and its older ones are read as one stream.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from launcher.log_lines import Line, inherit, parse

_BLOCK = 1 << 16
# A file in which no line tells a time is taken in pieces of so many lines.
_GROUP_MAX = 1000
_TRIES = 20
_TRY_AGAIN_SECONDS = 0.005
Wanted = Callable[[Line], bool]


class LogFile:
    """One program's log. `last` first, where its past is wanted; then `fresh` again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.program = path.stem
        self._file: BinaryIO = path.open("rb")
        self._partial = b""
        self._before: Line | None = None

    def close(self) -> None:
        self._file.close()

    def last(self, count: int | None, wanted: Wanted, needle: bytes = b"") -> list[Line]:
        """The last `count` (None: all) wanted lines with `needle` in them, oldest first.

        Goes on at the end of the last whole line, so `fresh` gives what follows.
        """
        kept: list[Line] = []
        with ExitStack() as stack:
            files = [self._file, *(stack.enter_context(file) for file in self._older())]
            ends = [file.seek(0, os.SEEK_END) for file in files]
            lines = self._backward(list(zip(files, ends, strict=True)))
            for group in self._groups(line for line in lines if line and needle in line):
                kept += [line for line in reversed(group) if wanted(line)]
                if count is not None and len(kept) >= count:
                    break
        self._file.seek(ends[0])
        return kept[:count][::-1]

    def fresh(self) -> list[Line]:
        """What was written since, whole lines only."""
        raw = self._lines(self._file.read() if not self._was_truncated() else self._from_start())
        while (following := self._following_file()) is not None:
            file, continues = following
            # What was written between our look and the renaming.
            raw += self._lines(self._file.read())
            self._file.close()
            self._file = file
            if not continues:
                self._partial = b""
            raw += self._lines(file.read())
        parsed = (parse(self.program, line) for line in raw if line)
        lines = list(inherit(parsed, self._before, self._changed_at()))
        self._before = lines[-1] if lines else self._before
        return lines

    def _lines(self, data: bytes) -> list[bytes]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        return lines

    def _was_truncated(self) -> bool:
        return os.fstat(self._file.fileno()).st_size < self._file.tell()

    def _from_start(self) -> bytes:
        self._partial = b""
        self._file.seek(0)
        return self._file.read()

    def _following_file(self) -> tuple[BinaryIO, bool] | None:
        """What was begun after our file, where that was renamed or removed; whether it goes on."""
        for _ in range(_TRIES):
            try:
                if self.path.stat().st_ino == self._inode():
                    return None
                if (file := self._successor()) is not None:
                    return file, True
            except OSError:
                pass
            # Perhaps the files are being renamed just now.
            time.sleep(_TRY_AGAIN_SECONDS)
        try:
            return self.path.open("rb"), False
        except OSError:
            return None

    def _successor(self) -> BinaryIO | None:
        """The next younger file; None where ours has no name any more."""
        for path in self._older_paths():
            if path.stat().st_ino != self._inode():
                continue
            number = int(path.suffix[1:]) - 1
            file = (path.with_suffix(f".{number}") if number else self.path).open("rb")
            # The older one is renamed first: while ours has its name, so has its neighbour.
            if path.stat().st_ino == self._inode():
                return file
            file.close()
        return None

    def _inode(self) -> int:
        return os.fstat(self._file.fileno()).st_ino

    def _older_paths(self) -> list[Path]:
        """`x.log.1`, `x.log.2`, ...: from the youngest on."""
        older = self.path.parent.glob(f"{self.path.name}.*")
        numbered = (path for path in older if path.suffix[1:].isdecimal())
        return sorted(numbered, key=lambda path: int(path.suffix[1:]))

    def _older(self) -> Iterator[BinaryIO]:
        seen = {self._inode()}
        for path in self._older_paths():
            with suppress(OSError):
                file = path.open("rb")
                inode = os.fstat(file.fileno()).st_ino
                if inode in seen:  # renamed since we opened it
                    file.close()
                    continue
                seen.add(inode)
                yield file

    def _backward(self, files: list[tuple[BinaryIO, int]]) -> Iterator[bytes]:
        """The stream's whole lines, newest first; what follows its last newline is held back."""
        tail = b""
        ended = False
        for file, end in files:
            position = end
            while position > 0:
                start = max(0, position - _BLOCK)
                file.seek(start)
                tail, *lines = (file.read(position - start) + tail).split(b"\n")
                position = start
                if lines and not ended:
                    self._partial = lines.pop()
                    ended = True
                yield from reversed(lines)
        if ended:
            yield tail
        else:
            self._partial = tail

    def _groups(self, backward: Iterator[bytes]) -> Iterator[list[Line]]:
        """A line with a time and the lines without that follow it, newest group first."""
        pending: list[Line] = []
        for raw in backward:
            pending.append(parse(self.program, raw))
            if pending[-1].at is not None or len(pending) == _GROUP_MAX:
                yield self._told(pending)
                pending = []
        if pending:
            yield self._told(pending)

    def _told(self, backward: list[Line]) -> list[Line]:
        lines = list(inherit(reversed(backward), None, self._changed_at()))
        self._before = self._before or lines[-1]
        return lines

    def _changed_at(self) -> float:
        return os.fstat(self._file.fileno()).st_mtime
