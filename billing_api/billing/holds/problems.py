"""Refusals about holds."""

from billing.platform.problems import Problem


class HoldNotFound(Problem):
    """No such hold, or somebody else's: the two look the same from outside."""

    status, code, title = 404, "hold_not_found", "No such hold"


class HoldOver(Problem):
    """It was captured or released, or has expired, and stays so."""

    status, code, title = 409, "hold_over", "The hold is over"


class CaptureExceedsHold(Problem):
    """More than what the hold keeps aside."""

    status, code, title = 409, "capture_exceeds_hold", "More than is held"
