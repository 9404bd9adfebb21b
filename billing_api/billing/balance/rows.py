"""Rows as the slice's own values."""

from sqlalchemy.engine import RowMapping

from billing.balance.rules import Balance


def balance_of(row: RowMapping) -> Balance:
    return Balance(**row)
