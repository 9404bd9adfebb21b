"""What staff credit by hand: paid money as a correction, or promotional money. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor


class AdjustmentKind(StrEnum):
    PAID = "paid"
    PROMO = "promo"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`expires_at` is of promotional money alone; None is no end."""

    id: UUID
    customer_id: str
    kind: AdjustmentKind
    amount: Money
    reason: str
    expires_at: datetime | None
    made_by: str
    created_at: datetime


def describe(adjustment: Adjustment) -> dict[str, object]:
    end = adjustment.expires_at
    return {
        "id": str(adjustment.id),
        "customer_id": adjustment.customer_id,
        "kind": adjustment.kind.value,
        "value": format_minor(adjustment.amount.minor, adjustment.amount.currency),
        "currency": adjustment.amount.currency,
        "reason": adjustment.reason,
        "expires_at": None if end is None else format_instant(end),
        "created_at": format_instant(adjustment.created_at),
    }


def tell(adjustment: Adjustment) -> dict[str, object]:
    """The adjustment as events carry it."""
    return {**describe(adjustment), "made_by": adjustment.made_by}
