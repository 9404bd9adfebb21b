"""Rows as the slice's own values."""

from billing.adjustments.rules import Adjustment, AdjustmentKind
from billing.platform.database import Row
from billing.platform.money import Money


def adjustment_of(row: Row) -> Adjustment:
    values = dict(row)
    amount = Money(values.pop("amount_minor"), values.pop("currency"))
    return Adjustment(kind=AdjustmentKind(values.pop("kind")), amount=amount, **values)
