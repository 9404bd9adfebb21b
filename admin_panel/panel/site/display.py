"""Money and time as people write them: 1 342,00 ₽ and 22 ноя 2026, 23:15 (Moscow)."""

from datetime import datetime
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language

from panel.site.clock import MOSCOW

NOTHING = "—"
# Three letters each; the locale data would say "нояб." and "сент.", which breaks the columns.
MONTHS = ("янв", "фев", "мар", "апр", "мая", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")


def money(minor: int | None, currency: str) -> str:
    """Minor units in the Russian manner, whatever the page's language: roubles are roubles."""
    if minor is None:
        return NOTHING
    try:
        amount = Decimal(minor).scaleb(-get_currency_precision(currency))
        return format_currency(amount, currency, locale="ru_RU")
    except (ValueError, LookupError):
        return f"{minor} {currency}"


def moment(at: datetime | None, *, seconds: bool = False) -> str:
    """An instant by Moscow's clock, in the reader's language."""
    if at is None:
        return NOTHING
    local = at.astimezone(MOSCOW)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    if (get_language() or "ru").startswith("en"):
        return f"{format_date(local, 'd MMM y', locale='en')}, {clock}"
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}, {clock}"


def span(seconds: float, *, english: bool | None = None) -> str:
    """A length of time with one unit: 0,4 с, 12 с, 3 мин, 5 ч, 2 дн."""
    if english is None:
        english = (get_language() or "ru").startswith("en")
    units = ("s", "min", "h", "d") if english else ("с", "мин", "ч", "дн")
    if seconds < 10:
        text = f"{seconds:.1f}".removesuffix(".0")
        return f"{text if english else text.replace('.', ',')} {units[0]}"
    for size, unit in ((86_400, units[3]), (3_600, units[2]), (60, units[1]), (1, units[0])):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"0 {units[0]}"
