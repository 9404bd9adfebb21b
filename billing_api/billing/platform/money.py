"""Money as integer minor units and a currency. No binary float ever touches an amount."""

import re
from dataclasses import dataclass

DECIMALS = {"RUB": 2}
# ASCII digits only and no sign, exponent, blank or underscore: Decimal() would accept all of them.
_WHOLE_AND_FRACTION = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]+))?", re.ASCII)


class MoneyError(ValueError):
    """The text is not an amount of this currency; the message is fit for people."""


@dataclass(frozen=True, slots=True)
class Money:
    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{format_minor(self.minor, self.currency)} {self.currency}"


def parse_minor(text: str, currency: str) -> int:
    """`1342.00` → 134200, exactly as written or not at all."""
    decimals = DECIMALS.get(currency)
    if decimals is None:
        raise MoneyError(f"unknown currency, expected one of {', '.join(sorted(DECIMALS))}")
    match = _WHOLE_AND_FRACTION.fullmatch(text)
    if match is None:
        raise MoneyError("an amount is written like 1342.00")
    whole, fraction = match[1], match[2] or ""
    if len(fraction) > decimals:
        raise MoneyError(f"{currency} has {decimals} decimals")
    return int(whole + fraction.ljust(decimals, "0"))


def format_minor(minor: int, currency: str) -> str:
    """134200 → `1342.00`, always with all decimals."""
    decimals = DECIMALS[currency]
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"
