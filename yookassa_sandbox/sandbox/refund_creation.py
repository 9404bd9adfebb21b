"""POST /refunds: what the provider refuses by the look of the request, and what it keeps of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.creation import echoed, has_receipt
from sandbox.errors import invalid
from sandbox.money import parse_amount
from sandbox.settings import Settings

DESCRIPTION_MAX = 250


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """A request that may become a refund; the amount is in the shop's currency."""

    payment_id: str
    amount: Decimal
    receipt: bool = False
    echoed: dict[str, Any] = field(default_factory=dict)


def parse_refund(body: dict[str, Any], settings: Settings) -> RefundOrder:
    """Unknown fields are accepted and forgotten, `sources`, `deal` and the like among them.

    Raises ProviderError 400.
    """
    payment_id = body.get("payment_id")
    if payment_id is None:
        raise invalid("Payment id is missing", "payment_id")
    if not isinstance(payment_id, str):
        raise invalid("Payment id is illegal", "payment_id")
    return RefundOrder(
        payment_id=payment_id,
        amount=parse_amount(
            body.get("amount"),
            currency=settings.currency,
            parameter="amount",
            strict=settings.strict_amounts,
        ),
        receipt=has_receipt(body),
        echoed=echoed(body, description=DESCRIPTION_MAX),
    )
