"""What a charge took, and what of it may still come back. Pure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor


@dataclass(frozen=True, slots=True)
class Parts:
    """How much of each kind of the customer's money, in minor units."""

    paid_minor: int
    promo_minor: int

    @property
    def minor(self) -> int:
        return self.paid_minor + self.promo_minor


@dataclass(frozen=True, slots=True)
class Charge:
    id: UUID
    customer_id: str
    taken: Parts
    returned: Parts
    currency: str
    reason: str
    metadata: dict[str, str]
    requested_by: str
    created_at: datetime
    hold_id: UUID | None = None

    @property
    def amount(self) -> Money:
        return Money(self.taken.minor, self.currency)

    @property
    def left_minor(self) -> int:
        return self.taken.minor - self.returned.minor

    @property
    def returnable_paid_minor(self) -> int:
        return self.taken.paid_minor - self.returned.paid_minor


def split_reversal(charge: Charge, minor: int) -> Parts:
    """Paid money comes back first: it is what the customer really gave."""
    paid = min(minor, charge.returnable_paid_minor)
    return Parts(paid, minor - paid)


def describe(charge: Charge) -> dict[str, object]:
    return {
        "id": str(charge.id),
        "value": format_minor(charge.taken.minor, charge.currency),
        "currency": charge.currency,
        "reason": charge.reason,
        "metadata": _metadata(charge),
        "reversed_value": format_minor(charge.returned.minor, charge.currency),
        "created_at": format_instant(charge.created_at),
    }


def _metadata(charge: Charge) -> dict[str, str]:
    """What a hold was captured into says which hold; the name is ours whatever the hold said."""
    if charge.hold_id is None:
        return charge.metadata
    return {**charge.metadata, "balance_hold_id": str(charge.hold_id)}


def tell(charge: Charge) -> dict[str, object]:
    """The charge as events carry it."""
    return {
        **describe(charge),
        "customer_id": charge.customer_id,
        "promo_value": format_minor(charge.taken.promo_minor, charge.currency),
        "balance_hold_id": None if charge.hold_id is None else str(charge.hold_id),
        "requested_by": charge.requested_by,
    }
