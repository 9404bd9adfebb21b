"""Who may call what: `contracts/access/*.toml`, one table a service.

A row is a route, a column a kind of caller, a cell the status this caller is answered with. The
services' tests hold the rows to their routes and call every cell; docs/access.md is made of it.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "contracts" / "access"
SERVICES = ("billing", "auth", "admin", "sandbox")
_STATUS = re.compile(r"[1-5]\d\d")


@dataclass(frozen=True, slots=True)
class Access:
    """`callers`: name to meaning, in the order of the columns. `rows`: "GET /path" to cells."""

    title: str
    note: str
    callers: dict[str, str]
    rows: dict[str, list[str]]
    each: dict[str, list[str]]

    @property
    def routes(self) -> dict[str, list[str]]:
        """The rows, those with a name out of `each` once for each thing it stands for."""
        found: dict[str, list[str]] = {}
        for row, cells in self.rows.items():
            [(name, values)] = [kv for kv in self.each.items() if kv[0] in row] or [("", [""])]
            found |= {(row.replace(name, value) if name else row): cells for value in values}
        return found

    def cells(self) -> list[tuple[str, str, int]]:
        """Route, caller, status; ValueError names the rows that are not whole."""
        if broken := self.broken():
            raise ValueError("; ".join(broken))
        return [
            (route, who, int(status))
            for route, row in self.routes.items()
            for who, status in zip(self.callers, row, strict=True)
        ]

    def broken(self) -> list[str]:
        """Rows with an empty cell, one too many or one that is no status."""
        width = len(self.callers)
        return [
            f"{route} has {len(row)} statuses for {width} callers: {' '.join(row)}"
            for route, row in self.routes.items()
            if len(row) != width or not all(_STATUS.fullmatch(status) for status in row)
        ]

    def gaps(self, served: Iterable[str]) -> list[str]:
        """What is missing on either side, as sentences; empty when table and routes agree."""
        routes, rows = set(served), set(self.routes)
        return [
            *(f"{route} has no row" for route in sorted(routes - rows)),
            *(f"the row {route} has no route" for route in sorted(rows - routes)),
            *self.broken(),
        ]


def parse(text: str) -> Access:
    found = tomllib.loads(text)
    return Access(
        title=found["title"],
        note=found["note"].strip(),
        callers=found["callers"],
        rows={route: row.split() for route, row in found["routes"].items()},
        each=found.get("each", {}),
    )


def read(service: str) -> Access:
    """The table of one of `SERVICES`."""
    return parse((FOLDER / f"{service}.toml").read_text(encoding="utf-8"))
