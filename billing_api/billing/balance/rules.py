"""What a customer has in one currency, and its two spellings. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.platform.clock import format_instant
from billing.platform.money import format_minor


@dataclass(frozen=True, slots=True)
class Balance:
    """`receivable` is what the customer owes us; all four are never negative."""

    customer_id: str
    currency: str
    paid_minor: int
    promo_minor: int
    held_minor: int
    receivable_minor: int
    version: int
    updated_at: datetime

    @property
    def available_minor(self) -> int:
        return self.paid_minor + self.promo_minor


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """By how much each part moves; the database refuses what would fall below zero."""

    paid_minor: int = 0
    promo_minor: int = 0
    held_minor: int = 0
    receivable_minor: int = 0


def moved(balance: Balance, change: BalanceChange, at: datetime) -> Balance:
    return replace(
        balance,
        paid_minor=balance.paid_minor + change.paid_minor,
        promo_minor=balance.promo_minor + change.promo_minor,
        held_minor=balance.held_minor + change.held_minor,
        receivable_minor=balance.receivable_minor + change.receivable_minor,
        version=balance.version + 1,
        updated_at=at,
    )


def describe(currency: str, available_minor: int, held_minor: int) -> dict[str, object]:
    return {
        "currency": currency,
        "available": format_minor(available_minor, currency),
        "held": format_minor(held_minor, currency),
    }


def snapshot(balance: Balance) -> dict[str, object]:
    """The balance as the change feed carries it."""
    return {
        "customer_id": balance.customer_id,
        **describe(balance.currency, balance.available_minor, balance.held_minor),
        "receivable": format_minor(balance.receivable_minor, balance.currency),
        "updated_at": format_instant(balance.updated_at),
    }


def feed_id(balance: Balance) -> str:
    return f"{balance.customer_id}:{balance.currency}"
