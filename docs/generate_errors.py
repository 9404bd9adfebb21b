"""Prints docs/errors.md: every problem the suite answers with, read from the services themselves.

The services' descriptions carry their problems as `x-problems`; those nginx answers by itself stand
in its own include. So the page cannot know a code that nothing answers, nor miss one.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
SERVICES = (("Billing", "billing", ""), ("Auth", "auth", "/auth"))
EVERYWHERE = "every route"
HEAD = """# Errors

Every error is a problem document (RFC 9457), `application/problem+json`: `code` is stable and for
programs, `title` and `detail` are for people, `instance` is `urn:request:` and the request id, and
`errors` names single values (`pointer`, `message`). This page is made by `make errors` from what
the services declare; a test fails when it is out of date.
"""


@dataclass
class Entry:
    code: str
    status: int
    title: str
    meaning: str
    routes: list[str] = field(default_factory=list)


def entries_of(description: dict[str, Any], prefix: str) -> list[Entry]:
    found: dict[str, Entry] = {}

    def note(problems: Iterable[dict[str, Any]], route: str) -> None:
        for problem in problems:
            entry = found.setdefault(problem["code"], Entry(**problem))
            if route not in entry.routes and EVERYWHERE not in entry.routes:
                entry.routes.append(route)

    note(description["x-problems"], EVERYWHERE)
    for path, item in description["paths"].items():
        for method, operation in item.items():
            for answer in operation["responses"].values():
                note(answer.get("x-problems", ()), f"`{method.upper()} {prefix}{path}`")
    return sorted(found.values(), key=lambda entry: (entry.status, entry.code))


def entries_of_edge(include: str) -> list[Entry]:
    found = [json.loads(document) for document in re.findall(r"return \d+ '(\{.*?\})';", include)]
    return [
        Entry(problem["code"], problem["status"], problem["title"], problem["detail"])
        for problem in sorted(found, key=lambda problem: problem["status"])
    ]


def table(entries: list[Entry], *, with_routes: bool) -> str:
    head = ["status", "`code`", "means", *(["answered by"] if with_routes else [])]
    rows = [head, ["---"] * len(head)]
    for entry in entries:
        means = f"{entry.title}. {entry.meaning}"
        row = [str(entry.status), f"`{entry.code}`", means]
        rows.append([*row, ", ".join(entry.routes)] if with_routes else row)
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page() -> str:
    parts = [HEAD]
    for title, command, prefix in SERVICES:
        program = Path(sys.executable).with_name(command)
        run = subprocess.run([program, "openapi"], capture_output=True, check=True, text=True)
        entries = entries_of(json.loads(run.stdout), prefix)
        parts.append(f"## {title}\n\n{table(entries, with_routes=True)}\n")
    include = (REPOSITORY / "nginx" / "includes" / "problems.conf").read_text()
    edge = table(entries_of_edge(include), with_routes=False)
    parts.append(f"## The edge\n\nWhat nginx answers by itself, on any address.\n\n{edge}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
