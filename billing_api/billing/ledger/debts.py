"""What a customer owes us: money given back by the provider that had been spent already. Pure.

Nobody decides about a debt: later top-ups repay it first. It is in the review to be known.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor

OWES = "customer_owes"


@dataclass(frozen=True, slots=True)
class Debt:
    """`id` and `at` are those of the journal since which the customer owes without a break."""

    id: UUID
    customer_id: str
    owed: Money
    at: datetime


def describe_item(debt: Debt) -> dict[str, object]:
    """As the review shows it."""
    owed = debt.owed
    return {
        "id": str(debt.id),
        "kind": "receivable",
        "reason": OWES,
        "since": format_instant(debt.at),
        "customer_id": debt.customer_id,
        "known": {"value": format_minor(owed.minor, owed.currency), "currency": owed.currency},
        "actions": [],
    }
