"""Refusals about charges."""

from billing.platform.problems import Problem


class ChargeNotFound(Problem):
    """No such charge, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "charge_not_found", "No such charge"


class ReversalExceedsCharge(Problem):
    """More than what is left of it; of a charge reversed whole, nothing is."""

    status, code, title = 409, "reversal_exceeds_charge", "More than is left of the charge"
