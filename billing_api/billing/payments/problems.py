"""Refusals about payments."""

from billing.platform.problems import Problem


class PaymentNotFound(Problem):
    """No such payment, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "payment_not_found", "No such payment"


class PaymentFinal(Problem):
    """It succeeded or was canceled, and stays so."""

    status, code, title = 409, "payment_final", "The payment is over"
