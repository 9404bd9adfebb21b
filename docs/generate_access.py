"""Prints docs/access.md: who may call what, from the tables that the services' tests call."""

import sys

from launcher.access import SERVICES, Access, read

HEAD = """# Who may call what

One table a service: a row is a route, a column a kind of caller, a cell the status with which this
caller is answered; a row is one request, only the caller differs. The tables are
[contracts/access](../contracts/access); the services' tests hold the rows to their routes (a route
without a row fails, a row without a route too) and call every cell. This page is made by
`make access`; a test fails when it is out of date.
"""


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def section(access: Access) -> str:
    callers = "\n".join(f"- `{name}`: {meaning}" for name, meaning in access.callers.items())
    head = ["route", *(f"`{name}`" for name in access.callers)]
    each = [f"`{name}`: {', '.join(values)}." for name, values in access.each.items()]
    rows = [_line(head), _line(["---"] * len(head))]
    rows += [_line([f"`{route}`", *cells]) for route, cells in access.rows.items()]
    return "\n\n".join([f"## {access.title}", access.note, *each, callers, "\n".join(rows)])


def page() -> str:
    return "\n".join([HEAD, "\n\n".join(section(read(service)) for service in SERVICES), ""])


if __name__ == "__main__":
    sys.stdout.write(page())
