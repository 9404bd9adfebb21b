"""The card as it is typed. The number lives as long as the request and no longer."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox import cards

_LIMIT = 8 * 1024
_NUMBER = re.compile(r"[0-9]{12,19}", re.ASCII)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(?:20)?([0-9]{2})", re.ASCII)
_CVC = re.compile(r"[0-9]{3,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CardForm:
    """What was typed, and what is wrong with it by field."""

    number: str = field(repr=False)
    expiry: str
    cvc: str = field(repr=False)
    errors: dict[str, str] = field(default_factory=dict)

    def describe(self) -> dict[str, object]:
        """First six, last four and the date."""
        match = _EXPIRY.fullmatch(self.expiry)
        month, year = (match[1], match[2]) if match else ("12", "99")
        return cards.describe(self.number, month, f"20{year}")


async def read_form(request: Request) -> dict[str, str]:
    """Small and urlencoded, or nothing."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _LIMIT:
            return {}
    try:
        return dict(parse_qsl(raw.decode("ascii"), max_num_fields=20))
    except ValueError:
        return {}


def parse_card(form: dict[str, str], now: datetime) -> CardForm:
    """Spaces and dashes are what people type."""
    number = re.sub(r"[\s-]", "", form.get("number", ""))
    expiry, cvc = form.get("expiry", "").strip(), form.get("cvc", "").strip()
    errors: dict[str, str] = {}
    if not _NUMBER.fullmatch(number) or not (number in cards.CARDS or _luhn(number)):
        errors["number"] = "bad_number"
    match = _EXPIRY.fullmatch(expiry)
    if match is None or (2000 + int(match[2]), int(match[1])) < (now.year, now.month):
        errors["expiry"] = "bad_expiry"
    if not _CVC.fullmatch(cvc):
        errors["cvc"] = "bad_cvc"
    return CardForm(number, expiry, cvc, errors)


def suggested_card(now: datetime) -> CardForm:
    """So that a test payment is one click."""
    grouped = " ".join(cards.DEFAULT_CARD[at : at + 4] for at in range(0, 16, 4))
    return CardForm(grouped, f"12/{(now.year + 3) % 100:02d}", "123")


def _luhn(number: str) -> bool:
    digits = [int(char) for char in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
