"""GET lists: filters, bounds and a cursor that stays put while new objects appear."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sandbox.clock import EPOCH
from sandbox.creation import METHODS
from sandbox.errors import invalid

Condition = tuple[str, Any]

_PAYMENT_STATUSES = ("pending", "waiting_for_capture", "succeeded", "canceled")
_REFUND_STATUSES = ("pending", "succeeded", "canceled")
_COMPARISONS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_MEMORY = timedelta(days=3 * 365)
_MILLISECOND = timedelta(milliseconds=1)


def parse_limit(query: Mapping[str, str]) -> int:
    """1 to 100, ten when nothing is said."""
    raw = query.get("limit", "10")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9 and 1 <= int(raw) <= 100):
        raise invalid("Limit is illegal", "limit")
    return int(raw)


class Listed(Protocol):
    """A payment or a refund."""

    document: dict[str, Any]
    created_ms: int


def list_answer(rows: Sequence[tuple[int, Listed]], limit: int) -> dict[str, Any]:
    """Of numbered rows, one more than the limit where there is a further page."""
    items = [one.document for _, one in rows[:limit]]
    answer: dict[str, Any] = {"type": "list", "items": items}
    if len(rows) > limit:
        seq, last = rows[limit - 1]
        answer["next_cursor"] = _make_cursor(last.created_ms, seq)
    return answer


def payment_conditions(query: Mapping[str, str], shop_id: str, now_ms: int) -> list[Condition]:
    """Fragments of SQL, all of them written here, with their values."""
    return [
        *_window(query, shop_id, now_ms, ("created", "captured")),
        *_choice(query, "status", "status", _PAYMENT_STATUSES),
        *_choice(query, "payment_method", "method", METHODS),
    ]


def refund_conditions(query: Mapping[str, str], shop_id: str, now_ms: int) -> list[Condition]:
    """The same for refunds; a payment that nobody has made has none."""
    conditions = [
        *_window(query, shop_id, now_ms, ("created",)),
        *_choice(query, "status", "status", _REFUND_STATUSES),
    ]
    if query.get("payment_id"):
        conditions.append(("payment_id = ?", query["payment_id"]))
    return conditions


def _window(
    query: Mapping[str, str], shop_id: str, now_ms: int, instants: tuple[str, ...]
) -> list[Condition]:
    conditions: list[Condition] = [
        ("shop_id = ?", shop_id),
        ("created_ms >= ?", now_ms - _MEMORY // _MILLISECOND),
    ]
    for name in instants:
        for suffix, sign in _COMPARISONS.items():
            parameter = f"{name}_at.{suffix}"
            if query.get(parameter):
                edge = _instant(query[parameter], parameter)
                conditions.append((f"{name}_ms {sign} ?", _milliseconds(edge, suffix)))
    if query.get("cursor"):
        conditions.append(("(created_ms, seq) < (?, ?)", _read_cursor(query["cursor"])))
    return conditions


def _choice(
    query: Mapping[str, str], parameter: str, column: str, known: tuple[str, ...]
) -> list[Condition]:
    if not query.get(parameter):
        return []
    if query[parameter] not in known:
        raise invalid(f"{parameter} is illegal", parameter)
    return [(f"{column} = ?", query[parameter])]


def _make_cursor(created_ms: int, seq: int) -> str:
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
