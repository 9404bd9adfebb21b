"""Rows as the slice's own values."""

from billing.holds.rules import Hold, HoldStatus
from billing.platform.database import Row


def hold_of(row: Row) -> Hold:
    values = dict(row)
    return Hold(status=HoldStatus(values.pop("status")), **values)
