"""`make logs`: the logs of all processes as one readable stream, one line an event."""

import heapq
import os
import select
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import typer

from launcher.log_files import LogFile
from launcher.log_lines import LEVELS, Line
from launcher.state import Trouble

_LOOK_SECONDS = 0.25
_SHORT = 8
_COLOURS = {"debug": "bright_black", "warning": "yellow", "error": "red", "critical": "red"}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines: empty means all. A line that names no level is kept whatever `level` says."""

    services: frozenset[str] = frozenset()
    level: str = ""
    request: str = ""

    def takes(self, line: Line) -> bool:
        if self.services and not self.services & {_name(line.program), _name(line.service)}:
            return False
        if self.level and line.level and LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        return self.request in (line.text if line.plain else line.request)


def make_choice(service: str, level: str, request: str) -> Choice:
    """From what a person typed; a Trouble names what is no level."""
    level = {"warn": "warning"}.get(level.lower(), level.lower())
    if level and level not in LEVELS:
        raise Trouble(f"LEVEL={level} is none of {', '.join(LEVELS)}")
    names = frozenset(_name(part) for part in service.replace(",", " ").split())
    return Choice(names, level, request)


def _name(text: str) -> str:
    """`billing-worker` (the service) and `billing_worker` (the program) are one."""
    return text.lower().replace("-", "_")


@dataclass(frozen=True, slots=True)
class Form:
    """How a line is written."""

    colour: bool = False
    whole_ids: bool = False

    def write(self, line: Line) -> str:
        request = line.request if self.whole_ids else line.request[-_SHORT:]
        width = 32 if self.whole_ids else _SHORT
        level = f"{line.level or '-':<8}"
        text = line.text
        if self.colour and (colour := _COLOURS.get(line.level)):
            level = typer.style(level, fg=colour, bold=line.level == "critical")
        when = _local(line)
        if self.colour:
            when = typer.style(when, dim=True)
        rows = [f"{when} {line.program:<14} {level} {request or '-':<{width}} {text}"]
        if line.stack and line.level in {"error", "critical"}:
            rows += [f"    {row}" for row in line.stack.splitlines()]
        return "\n".join(rows) + "\n"


def _local(line: Line) -> str:
    """11-27 17:08:58.844; the thousandths stay blank where the line has none."""
    at = line.at or 0
    part = f".{int(at * 1000 + 0.5) % 1000:03}" if line.exact else "    "
    at = int(at * 1000 + 0.5) / 1000 if line.exact else at
    return time.strftime("%m-%d %H:%M:%S", time.localtime(at)) + part


def wants_colour() -> bool:
    """On a terminal that knows colours; https://no-color.org."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


class Reader:
    """All `*.log` of a folder, also those that appear later."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self._folder = folder
        self._choice = choice
        self._files: dict[Path, LogFile] = {}

    def programs(self) -> list[str]:
        return sorted(file.program for file in self._files.values())

    def past(self, count: int | None) -> Iterator[Line]:
        """The last `count` lines of each, merged by time."""
        needle = self._choice.request.encode()
        opened = self._open_new()
        return _merged(file.last(count, self._choice.takes, needle) for file in opened)

    def fresh(self) -> Iterator[Line]:
        """What was written since; a file that appeared is read from its start."""
        self._open_new()
        found = [file.fresh() for file in self._files.values()]
        return (line for line in _merged(found) if self._choice.takes(line))

    def _open_new(self) -> list[LogFile]:
        opened = []
        with suppress(OSError):
            for path in sorted(self._folder.glob("*.log")):
                if path not in self._files:
                    self._files[path] = LogFile(path)
                    opened.append(self._files[path])
        return opened

    def close(self) -> None:
        for file in self._files.values():
            file.close()


def _merged(lists: Iterable[list[Line]]) -> Iterator[Line]:
    """By time, while each file keeps its own order."""
    return heapq.merge(*lists, key=lambda line: line.order)


def run(folder: Path, choice: Choice, form: Form, *, last: int | None, follow: bool) -> None:
    """Write to standard output until Ctrl-C, or until nobody reads any more."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with ExitStack() as stack:
        reader = Reader(folder, choice)
        stack.callback(reader.close)
        try:
            past = reader.past(last)
            _refuse_unknown(reader, choice, folder)
            _write(past, form)
            while follow and _somebody_reads():
                _write(reader.fresh(), form)
        except KeyboardInterrupt:
            return
        except BrokenPipeError:
            # Else Python complains once more when it closes its output.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse_unknown(reader: Reader, choice: Choice, folder: Path) -> None:
    programs = reader.programs()
    if not programs:
        raise Trouble(f"no logs in {folder} yet (make up starts the suite)")
    unknown = choice.services - {_name(program) for program in programs} - {"yookassa_sandbox"}
    if unknown:
        raise Trouble(f"no log of {', '.join(sorted(unknown))}: there are {', '.join(programs)}")


def _write(lines: Iterable[Line], form: Form) -> None:
    for line in lines:
        sys.stdout.write(form.write(line))
    sys.stdout.flush()


def _somebody_reads() -> bool:
    """Waits a moment; False as soon as the other end of our pipe is closed."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return not poll.poll(_LOOK_SECONDS * 1000)
