"""What a hold keeps aside and how it ends. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from billing.platform.clock import format_instant
from billing.platform.money import Money, format_minor

LASTS = timedelta(days=7)
LASTS_MAX = timedelta(days=30)


class HoldStatus(StrEnum):
    HELD = "held"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Hold:
    """`paid_minor` and `promo_minor` are what it was taken from, and where a rest goes back to."""

    id: UUID
    customer_id: str
    status: HoldStatus
    paid_minor: int
    promo_minor: int
    captured_minor: int
    currency: str
    reason: str
    metadata: dict[str, str]
    requested_by: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    @property
    def amount(self) -> Money:
        return Money(self.paid_minor + self.promo_minor, self.currency)

    def is_open(self, now: datetime) -> bool:
        """Over at its end, also before anybody has come to end it."""
        return self.status is HoldStatus.HELD and now < self.expires_at


def describe(hold: Hold) -> dict[str, object]:
    return {
        "id": str(hold.id),
        "status": hold.status.value,
        "value": format_minor(hold.amount.minor, hold.currency),
        "captured_value": format_minor(hold.captured_minor, hold.currency),
        "currency": hold.currency,
        "reason": hold.reason,
        "expires_at": format_instant(hold.expires_at),
        "created_at": format_instant(hold.created_at),
    }


def tell(hold: Hold) -> dict[str, object]:
    """The hold as events carry it."""
    return {
        **describe(hold),
        "customer_id": hold.customer_id,
        "metadata": hold.metadata,
        "requested_by": hold.requested_by,
    }
