"""One line of a log as an event: ECS JSON of our programs, plain text of the others.

The vocabulary is contracts/log.schema.json; the plain forms are those of launcher/postgres.py
(`log_line_prefix`), of nginx's error log and of supervisord.log.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

LEVELS = ("debug", "info", "warning", "error", "critical")
_LEVEL_WORDS = {
    **{level: level for level in LEVELS},
    **dict.fromkeys(("debg", "trac", "blat"), "debug"),
    **dict.fromkeys(("log", "notice"), "info"),
    "warn": "warning",
    "erro": "error",
    **dict.fromkeys(("crit", "alert", "emerg", "fatal", "panic"), "critical"),
}
_PLAIN_TIME = re.compile(
    r"\[?(?P<date>\d{4}[-/]\d\d[-/]\d\d)[ T](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,6}))?"
    r"(?: ?(?P<zone>UTC|GMT|Z|[+-]\d\d:?\d\d))?\]?\s+(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
# The first word, or a word before a colon or within brackets.
_LEVEL_WORD = re.compile(r"^([A-Z]{3,8})\s|\[([A-Za-z]{4,8})\]|\b([A-Z]{3,8}):", re.ASCII)
# C0, DEL, C1, line and paragraph separators, marks that turn the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_PLAIN_WORD = re.compile(r"[^\s\"=]+")


@dataclass(frozen=True, slots=True)
class Line:
    """`at`: seconds since 1970, None where the line has no time; `level` "" where it names none.

    `exact` tells whether `at` has parts of a second. `stack` may have several lines, `text` one.
    """

    program: str
    text: str
    at: float | None = None
    exact: bool = True
    level: str = ""
    request: str = ""
    service: str = ""
    stack: str = ""
    plain: bool = False

    @property
    def order(self) -> float:
        """A time of whole seconds stands for the end of its second: such lines are written last."""
        return (self.at or 0) + (0 if self.exact else 0.999)


def parse(program: str, raw: bytes) -> Line:
    """Never fails: what is no event of ours is a plain line."""
    text = raw.decode("utf-8", "replace").rstrip("\r\n")
    if text.startswith("{"):
        try:
            return _event(program, dict(_flat(json.loads(text))))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            pass
    return _plain(program, text)


def clean(text: str) -> str:
    """Nothing that moves a terminal's cursor, colours it or ends the line."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\t", "    "))


def inherit(lines: Iterable[Line], before: Line | None, otherwise: float) -> Iterator[Line]:
    """A line without a time has that of the line before; a continued plain line its level too."""
    for found in lines:
        line = found
        if line.at is None:
            line = replace(line, at=before.at if before else otherwise)
            if before and before.plain and line.plain and not line.level:
                line = replace(line, level=before.level)
        before = line
        yield line


def _flat(found: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _event(program: str, fields: dict[str, Any]) -> Line:
    at = datetime.fromisoformat(fields["@timestamp"])
    stack = str(fields.get("error.stack_trace") or "")
    return Line(
        program=program,
        text=clean("  ".join([str(fields["message"]), *_details(fields)])),
        at=at.astimezone().timestamp(),
        exact="." in fields["@timestamp"],
        level=_LEVEL_WORDS.get(str(fields.get("log.level", "")).lower(), ""),
        request=clean(str(fields.get("trace.id") or "")),
        service=clean(str(fields.get("service.name") or "")),
        stack="\n".join(clean(row) for row in stack.splitlines()),
    )


def _details(fields: dict[str, Any]) -> Iterator[str]:
    """The request in the order people say it, then `name=value`."""
    names = ("http.request.method", "url.path", "http.response.status_code")
    request = [str(fields[name]) for name in names if fields.get(name) not in {None, ""}]
    duration = fields.get("event.duration")
    if isinstance(duration, int | float):
        request.append(f"{duration / 1e6:.1f} ms")
    if request:
        yield " ".join(request)
    for name in ("event.action", "error.type", "error.code", "error.message"):
        if fields.get(name):
            yield f"{name}={_value(fields[name])}"
    for name, value in fields.items():
        if name.startswith("suite.") and value not in {None, ""}:
            yield f"{name.removeprefix('suite.')}={_value(value)}"


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN_WORD.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _plain(program: str, text: str) -> Line:
    found = _PLAIN_TIME.fullmatch(text)
    at = _plain_time(found) if found else None
    if found is None or at is None:
        return Line(program, clean(text), level=_plain_level(text), plain=True)
    return Line(
        program=program,
        text=clean(found["rest"]),
        at=at,
        exact=found["part"] is not None,
        level=_plain_level(found["rest"]),
        plain=True,
    )


def _plain_time(found: re.Match[str]) -> float | None:
    """nginx and supervisor write local time without a zone; PostgreSQL is told to write UTC."""
    text = (
        f"{found['date'].replace('/', '-')}T{found['clock']}.{(found['part'] or '0').ljust(6, '0')}"
    )
    zone = found["zone"]
    try:
        if zone and zone[0] in "+-":
            return datetime.fromisoformat(text + zone).timestamp()
        at = datetime.fromisoformat(text)
        return (at.replace(tzinfo=UTC) if zone else at.astimezone()).timestamp()
    except (ValueError, OverflowError):
        return None


def _plain_level(text: str) -> str:
    for word in _LEVEL_WORD.finditer(text[:120]):
        if level := _LEVEL_WORDS.get(next(filter(None, word.groups())).lower()):
            return level
    return ""
