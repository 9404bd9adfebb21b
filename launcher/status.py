"""`make status`: one line a process, with what it answers and what it takes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from launcher import environment, health, suite, supervisor
from launcher.layout import Layout
from launcher.programs import Program
from launcher.restarts import count_restarts
from launcher.state import State


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; `shared_once`: a page that several processes share is counted once (PSS)."""

    size: int = 0
    shared_once: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One process. `health` is "ok", "starting" or what is wrong, in a few words."""

    name: str
    pid: int
    port: int | None
    health: str
    memory: Memory
    seconds: int
    restarts: int | None

    @property
    def is_well(self) -> bool:
        return self.health in health.WELL


def read_rows(layout: Layout, state: State) -> list[Row]:
    """Every program of the suite and its supervisor; each is asked now, all at once."""
    table = {row["name"]: row for row in supervisor.process_table(state)}
    daemon = _daemon_pid(layout)
    restarts = count_restarts(layout.log_dir / "supervisord.log", daemon)
    programs = suite.programs_of(layout, state)
    with health.client(layout) as http, ThreadPoolExecutor(len(programs)) as pool:
        asked = [
            pool.submit(health.ask, http, state, program, table.get(program.name))
            for program in programs
        ]
        rows = [
            _row(program, table.get(program.name), answer.result(), restarts)
            for program, answer in zip(programs, asked, strict=True)
        ]
    return [*rows, _daemon_row(state, daemon)]


def _row(
    program: Program, found: dict[str, Any] | None, answer: str, restarts: dict[str, int] | None
) -> Row:
    pid = found["pid"] if found else 0
    return Row(
        name=program.name,
        pid=pid,
        port=program.port,
        health=answer,
        memory=_memory(pid, children=True),
        seconds=found["now"] - found["start"] if found and pid else 0,
        restarts=None if restarts is None else restarts.get(program.name, 0),
    )


def _daemon_pid(layout: Layout) -> int:
    with suppress(OSError, ValueError):
        return int((layout.var / "supervisord.pid").read_text())
    return 0


def _daemon_row(state: State, pid: int) -> Row:
    seconds = 0
    with suppress(psutil.Error):
        seconds = int(time.time() - psutil.Process(pid).create_time()) if pid else 0
    port = state.ports["supervisor"]
    return Row("supervisor", pid, port, health.OK, _memory(pid, children=False), seconds, 0)


def _memory(pid: int, *, children: bool) -> Memory:
    """Of a process (and of those it began): proportional set size, or RSS where that is hidden."""
    size, shared_once = 0, True
    for member in _family(pid, children=children):
        with suppress(psutil.NoSuchProcess):
            try:
                size += member.memory_full_info().pss
            except (psutil.AccessDenied, AttributeError):
                size += member.memory_info().rss
                shared_once = False
    return Memory(size, shared_once)


def _family(pid: int, *, children: bool) -> list[psutil.Process]:
    if not pid:
        return []
    try:
        process = psutil.Process(pid)
        return [process, *(process.children(recursive=True) if children else [])]
    except psutil.NoSuchProcess:
        return []


def write(rows: list[Row], state: State) -> Iterator[str]:
    """The table, then one sentence."""
    width = max(22, *(len(row.health) for row in rows))
    yield (
        f"{'process':<16}{'pid':>8}{'port':>7}  {'health':<{width}}{'memory':>10}"
        f"{'uptime':>10}{'restarts':>10}"
    )
    for row in rows:
        restarts = "?" if row.restarts is None else row.restarts
        yield (
            f"{row.name:<16}{row.pid or '-':>8}{row.port or '-':>7}  {row.health:<{width}}"
            f"{_megabytes(row.memory):>10}{_uptime(row.seconds):>10}{restarts:>10}"
        )
    total = Memory(
        sum(row.memory.size for row in rows), all(row.memory.shared_once for row in rows)
    )
    sick = [f"{row.name} ({row.health})" for row in rows if not row.is_well]
    verdict = f"not healthy: {', '.join(sick)}" if sick else f"all {len(rows)} healthy"
    yield f"{verdict}; {_megabytes(total)} in all; {environment.base_url(state)}/"


def _megabytes(memory: Memory) -> str:
    """`~` where shared pages are counted more than once."""
    return f"{'' if memory.shared_once else '~'}{memory.size / (1 << 20):.0f} MB"


def _uptime(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s" if seconds > 0 else "-"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes}m{seconds % 60:02}s"
    return f"{hours}h{minutes % 60:02}m" if hours < 24 else f"{days}d{hours % 24:02}h"
