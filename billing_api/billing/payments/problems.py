"""Refusals about payments."""

from billing.platform.problems import Problem


class PaymentNotFound(Problem):
    """No such payment, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "payment_not_found", "No such payment"
