"""A customer's account statement: what it covers, its lines, and its page cursor. Pure.

The balance of a statement is what the customer may spend (paid and promotional money together), so
a closing balance with no end equals `available` of the balance.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from billing.platform.clock import format_instant, parse_instant
from billing.platform.money import format_minor
from billing.platform.paging import from_base64url, to_base64url
from billing.platform.problems import ValidationFailed

# Moscow has kept this offset since 2014-10-26, before the first payment here.
MOSCOW = timezone(timedelta(hours=3))
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SNAPSHOT = re.compile(r"([0-9]{1,19}):([0-9]{1,19}):((?:[0-9]{1,19},)*[0-9]{1,19})?", re.ASCII)
_CURSOR_LENGTH_MAX = 16_000


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open: from `since`, up to and without `until`; None is no bound on that side."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after this journal, of the books as `snapshot` saw them.

    The snapshot keeps every page of one statement to the same journals, whatever is booked or
    committed between two pages.
    """

    snapshot: str
    at: datetime
    journal_id: UUID


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One journal: by how much it moved the balance, in minor units, and to what."""

    journal_id: UUID
    at: datetime
    kind: str
    description: str
    payment_id: UUID | None
    value_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    currency: str
    period: Period
    opening_minor: int
    closing_minor: int
    lines: list[StatementLine]
    next_place: Place | None


def parse_period(since: str, until: str) -> Period:
    """A day means the whole day in Moscow, both days included; an instant means itself.

    Raises ValidationFailed.
    """
    first, last = _parse_bound("from", since), _parse_bound("to", until)
    if last is not None and _DAY.fullmatch(until):
        last += timedelta(days=1)
    if first is not None and last is not None and first > last:
        raise ValidationFailed(errors=[("from", "after the end")])
    return Period(first, last)


def _parse_bound(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)
        return parse_instant(text)
    except ValueError:
        pass
    expected = "a day as 2026-01-31, or an instant as 2026-01-31T12:00:00Z"
    raise ValidationFailed(errors=[(name, f"expected {expected}")])


def encode_place(place: Place) -> str:
    parts = [place.snapshot, place.at.astimezone(UTC).isoformat(), str(place.journal_id)]
    return to_base64url(json.dumps(parts).encode())


def decode_place(text: str) -> Place:
    """Raises ValidationFailed for anything that is no cursor of a statement."""
    try:
        snapshot, at, journal_id = json.loads(from_base64url(text[:_CURSOR_LENGTH_MAX]))
        place = Place(_check_snapshot(snapshot), _check_instant(at), UUID(journal_id))
    except (ValueError, TypeError, AttributeError, RecursionError):
        place = None
    if place is None or encode_place(place) != text:
        raise ValidationFailed(errors=[("cursor", "not a cursor of a statement")])
    return place


def _check_snapshot(text: str) -> str:
    """PostgreSQL's form `xmin:xmax:running,...`; it answers anything else with an error."""
    match = _SNAPSHOT.fullmatch(text)
    if match is None:
        raise ValueError("not a snapshot")
    low, high = int(match[1]), int(match[2])
    running = [int(part) for part in (match[3] or "").split(",") if part]
    if not 0 < low <= high < 2**63 or any(not low <= number < high for number in running):
        raise ValueError("not a snapshot")
    if running != sorted(set(running)):
        raise ValueError("not a snapshot")
    return text


def _check_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no zone")
    return instant


def describe(statement: Statement) -> dict[str, object]:
    """The statement as clients see it: oldest line first, as money moved."""
    currency = statement.currency
    since, until = statement.period.since, statement.period.until
    return {
        "currency": currency,
        "from": None if since is None else format_instant(since),
        "to": None if until is None else format_instant(until),
        "opening_balance": format_minor(statement.opening_minor, currency),
        "lines": [_describe_line(line, currency) for line in statement.lines],
        "closing_balance": format_minor(statement.closing_minor, currency),
        "next_cursor": None if statement.next_place is None else encode_place(statement.next_place),
    }


def _describe_line(line: StatementLine, currency: str) -> dict[str, object]:
    return {
        "id": str(line.journal_id),
        "at": format_instant(line.at),
        "kind": line.kind,
        "description": line.description,
        "payment_id": None if line.payment_id is None else str(line.payment_id),
        "value": format_minor(line.value_minor, currency),
        "balance": format_minor(line.balance_minor, currency),
    }
