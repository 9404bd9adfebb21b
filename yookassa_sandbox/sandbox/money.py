"""Amounts: exact decimals inside, {"value": "10.00", "currency": "RUB"} outside."""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.errors import invalid

_VALUE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?", re.ASCII)
_CENT = Decimal("0.01")


def parse_amount(raw: Any, *, currency: str, parameter: str, strict: bool) -> Decimal:
    """A string with at most two decimals; a JSON number only where the shop is not strict."""
    if raw is None:
        raise invalid("Amount is missing", parameter)
    if not isinstance(raw, dict):
        raise invalid("Amount is illegal", parameter)
    value = raw.get("value")
    if not strict and isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise invalid("Amount value is illegal", f"{parameter}.value")
    if raw.get("currency") != currency:
        raise invalid("Currency code is illegal", f"{parameter}.currency")
    return Decimal(value)


def to_wire(value: Decimal, currency: str) -> dict[str, str]:
    """Always two decimals."""
    return {"value": str(value.quantize(_CENT, ROUND_HALF_UP)), "currency": currency}


def from_wire(amount: dict[str, str]) -> Decimal:
    """An amount of our own making."""
    return Decimal(amount["value"])


def without_fee(value: Decimal, fee_percent: Decimal) -> Decimal:
    """What the shop is paid out."""
    return value - (value * fee_percent / 100).quantize(_CENT, ROUND_HALF_UP)
