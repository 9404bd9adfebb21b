"""Refusals about refunds."""

from billing.platform.problems import Problem


class RefundNotFound(Problem):
    """No such refund, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "refund_not_found", "No such refund"


class PaymentNotRefundable(Problem):
    """Nothing was taken for it, or it waits for a person's decision."""

    status, code, title = 409, "payment_not_refundable", "The payment cannot be refunded"


class RefundExceedsPayment(Problem):
    """More than what is left of it; of a payment refunded whole, nothing is."""

    status, code, title = 409, "refund_exceeds_payment", "More than is left of the payment"


class RefundLeavesTooLittle(Problem):
    """The provider refunds from 1.00 on, and what stays on the payment is nothing or 1.00 at
    least.
    """

    status, code, title = 409, "refund_leaves_too_little", "Too little would be refunded or left"


class NothingSpent(Problem):
    """Only what charges took of the payment goes back to the balance; the rest is still there."""

    status, code, title = 409, "nothing_spent", "That much of the payment was not spent"
