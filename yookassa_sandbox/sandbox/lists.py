"""GET lists: filters, bounds and a cursor that stays put while new objects appear."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.clock import EPOCH
from sandbox.creation import METHODS
from sandbox.errors import invalid

Condition = tuple[str, Any]

_STATUSES = ("pending", "waiting_for_capture", "succeeded", "canceled")
_COMPARISONS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_MEMORY = timedelta(days=3 * 365)
_MILLISECOND = timedelta(milliseconds=1)


def parse_limit(query: Mapping[str, str]) -> int:
    """1 to 100, ten when nothing is said."""
    raw = query.get("limit", "10")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9 and 1 <= int(raw) <= 100):
        raise invalid("Limit is illegal", "limit")
    return int(raw)


def payment_conditions(query: Mapping[str, str], shop_id: str, now_ms: int) -> list[Condition]:
    """Fragments of SQL, all of them written here, with their values."""
    conditions: list[Condition] = [
        ("shop_id = ?", shop_id),
        ("created_ms >= ?", now_ms - _MEMORY // _MILLISECOND),
    ]
    for name in ("created", "captured"):
        for suffix, sign in _COMPARISONS.items():
            parameter = f"{name}_at.{suffix}"
            if query.get(parameter):
                edge = _instant(query[parameter], parameter)
                conditions.append((f"{name}_ms {sign} ?", _milliseconds(edge, suffix)))
    for parameter, column, known in (
        ("status", "status", _STATUSES),
        ("payment_method", "method", METHODS),
    ):
        if query.get(parameter):
            if query[parameter] not in known:
                raise invalid(f"{parameter} is illegal", parameter)
            conditions.append((f"{column} = ?", query[parameter]))
    if query.get("cursor"):
        conditions.append(("(created_ms, seq) < (?, ?)", _read_cursor(query["cursor"])))
    return conditions


def make_cursor(created_ms: int, seq: int) -> str:
    """Opaque: the last row shown."""
    return base64.urlsafe_b64encode(f"{created_ms}:{seq}".encode()).decode().rstrip("=")


def _read_cursor(raw: str) -> tuple[int, int]:
    try:
        text = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).decode("ascii")
        created, seq = text.split(":")
        pair = int(created), int(seq)
    except (ValueError, binascii.Error) as error:
        raise invalid("Cursor is illegal", "cursor") from error
    if not all(abs(number) < 2**62 for number in pair):
        raise invalid("Cursor is illegal", "cursor")
    return pair


def _instant(raw: str, parameter: str) -> datetime:
    """Any ISO 8601 instant; a plus sign that the query string turned into a space is forgiven."""
    try:
        instant = datetime.fromisoformat(raw.replace(" ", "+") if "T" in raw else raw)
    except ValueError as error:
        raise invalid("Date is illegal", parameter) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _milliseconds(instant: datetime, suffix: str) -> int:
    """Rows are whole milliseconds: an edge between two of them is moved to keep its meaning."""
    whole, rest = divmod(instant - EPOCH, _MILLISECOND)
    return whole + 1 if rest and suffix in ("gte", "lt") else whole
