"""How often the supervisor has started each program again, told by its own log."""

import re
from pathlib import Path

_DAEMON = re.compile(r"supervisord started with pid (\d+)")
_SPAWNED = re.compile(r"INFO spawned: '([^']+)' with pid \d+")


def count_restarts(log: Path, daemon_pid: int) -> dict[str, int] | None:
    """Program: starts after its first, since the supervisor `daemon_pid` began, as `make up` does.

    None when the log does not reach back to that: no number is better than a wrong one.
    """
    began = 0
    starts: dict[str, int] = {}
    for path in _oldest_first(log):
        with path.open(errors="replace") as file:
            for line in file:
                if found := _DAEMON.search(line):
                    began = int(found[1])
                    starts = {}
                elif found := _SPAWNED.search(line):
                    starts[found[1]] = starts.get(found[1], 0) + 1
    if began != daemon_pid:
        return None
    return {name: count - 1 for name, count in starts.items()}


def _oldest_first(log: Path) -> list[Path]:
    older = [path for path in log.parent.glob(f"{log.name}.*") if path.suffix[1:].isdecimal()]
    older.sort(key=lambda path: -int(path.suffix[1:]))
    return [*older, *([log] if log.exists() else [])]
