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


class ReviewItemNotFound(Problem):
    """Neither a payment nor a customer's debt has this id."""

    status, code, title = 404, "review_item_not_found", "No such item of the review"


class DecisionError(Problem):
    """Not a legal way out of what it is now, nothing is changed; the item's `actions` are legal."""

    status, code, title = 409, "decision_not_open", "This is not to be decided now"


class ProviderIdNeeded(DecisionError):
    """We do not know the provider's object: name it by `provider_id`."""

    status, code, title = 409, "provider_id_needed", "The provider's id is needed"


class ProviderShowsNothing(DecisionError):
    """The provider says that there is no such object; the payment stays held."""

    status, code, title = 409, "provider_shows_nothing", "The provider does not show it"


class StillDisagrees(DecisionError):
    """The provider's object does not agree with ours as it is now; the payment stays held."""

    status, code, title = 409, "still_disagrees", "The two sides do not agree"


class ProviderSilent(DecisionError):
    """The provider gave no clear answer; the payment stays held, try again."""

    status, code, title = 504, "provider_silent", "The provider does not answer"
