"""Chart of accounts. A positive posting credits, a negative one debits.

Customers' money is what we owe them, so it grows by credits; what they owe us and what the
provider keeps for us grow by debits.
"""

from enum import StrEnum


class AccountKind(StrEnum):
    CUSTOMER_PAID = "customer_paid"
    CUSTOMER_PROMO = "customer_promo"
    CUSTOMER_HELD = "customer_held"
    CUSTOMER_RECEIVABLE = "customer_receivable"
    PROVIDER = "provider"
    REVENUE = "revenue"
    FEE = "fee"
    PROMO_EXPENSE = "promo_expense"
    ADJUSTMENT = "adjustment"


CUSTOMER_KINDS = frozenset(
    {
        AccountKind.CUSTOMER_PAID,
        AccountKind.CUSTOMER_PROMO,
        AccountKind.CUSTOMER_HELD,
        AccountKind.CUSTOMER_RECEIVABLE,
    }
)
