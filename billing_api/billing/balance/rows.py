"""Rows as the slice's own values."""

from billing.balance.rules import Balance
from billing.platform.database import Row


def balance_of(row: Row) -> Balance:
    return Balance(**row)
