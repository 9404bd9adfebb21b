"""Refusals about payments."""

from billing.platform.problems import Problem


class PaymentNotFound(Problem):
    """No such payment, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "payment_not_found", "No such payment"


class PaymentFinal(Problem):
    """It succeeded or was canceled, and stays so."""

    status, code, title = 409, "payment_final", "The payment is over"


class PaymentNotHeld(Problem):
    """No money of it is on hold, or it is being given back: there is nothing to capture."""

    status, code, title = 409, "payment_not_held", "No money is on hold"


class CaptureExceedsHeld(Problem):
    """At most what is on hold can be captured."""

    status, code, title = 409, "capture_exceeds_held", "More than is on hold"


class CaptureInProgress(Problem):
    """Another amount is being captured, and money on hold is captured once."""

    status, code, title = 409, "capture_in_progress", "Another capture is under way"


class CaptureRefused(Problem):
    """The provider refused; the money stays on hold until it is captured, released or lapses."""

    status, code, title = 409, "capture_refused", "The provider refused the capture"
