"""Refusals about what waits for a person."""

from billing.platform.problems import Problem


class ReviewItemNotFound(Problem):
    """Neither a payment, a refund nor a customer's debt has this id."""

    status, code, title = 404, "review_item_not_found", "No such item of the review"


class DecisionError(Problem):
    """Not a legal way out of what it is now, nothing is changed; the item's `actions` are legal."""

    status, code, title = 409, "decision_not_open", "This is not to be decided now"


class ProviderIdNeeded(DecisionError):
    """We do not know the provider's object: name it by `provider_id`."""

    status, code, title = 409, "provider_id_needed", "The provider's id is needed"


class ProviderShowsNothing(DecisionError):
    """The provider says that there is no such object; the item stays held."""

    status, code, title = 409, "provider_shows_nothing", "The provider does not show it"


class StillDisagrees(DecisionError):
    """The provider's object does not agree with ours as it is now; the item stays held."""

    status, code, title = 409, "still_disagrees", "The two sides do not agree"


class ProviderSilent(DecisionError):
    """The provider gave no clear answer; the item stays held, try again."""

    status, code, title = 504, "provider_silent", "The provider does not answer"
