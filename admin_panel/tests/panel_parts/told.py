"""What billing answers about parity, computed from what it published.

By contracts/parity.schema.json's words alone: nothing of the panel's own statements.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Any

DAY = {"payment": "created_at", "balance": "updated_at", "journal": "at"}


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def as_jsonb(value: Any) -> str:
    """PostgreSQL's spelling: shorter keys first, then bytewise; a space after each mark."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{as_jsonb(n)}: {as_jsonb(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_jsonb, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def amount_of(kind: str, data: dict[str, Any]) -> Decimal:
    if kind == "journal":
        return sum((max(Decimal(line["amount"]), Decimal(0)) for line in data["lines"]), Decimal(0))
    return Decimal(data["value" if kind == "payment" else "available"])


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def days_of(items: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for item in items:
        known = newest.get(item["id"])
        if item["kind"] == kind and (known is None or item["version"] > known["version"]):
            newest[item["id"]] = item
    days = defaultdict(list)
    for name in sorted(newest):
        days[newest[name]["data"][DAY[kind]][:10]].append(newest[name])
    return [
        {
            "day": day,
            "count": len(found),
            "sum": f"{sum(amount_of(kind, one['data']) for one in found):.2f}",
            "checksum": md5("".join(md5(line_of(one)) for one in found)),
        }
        for day, found in sorted(days.items())
    ]


def line_of(item: dict[str, Any]) -> str:
    return f"{item['id']} {item['version']} {as_jsonb(without_nulls(item['data']))}"


def parity_of(neighbour: Any) -> Callable[[str, str], dict[str, Any]]:
    """Billing's answer by kind and position."""

    def parity(kind: str, at: str) -> dict[str, Any]:
        items = neighbour.feeds["billing"]
        places = [item["position"] for item in items]
        upto = items[: places.index(at) + 1] if at in places else []
        return {"kind": kind, "at": at, "days": days_of(upto, kind)}

    return parity
