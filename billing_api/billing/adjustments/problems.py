"""Refusals about adjustments."""

from billing.platform.problems import Problem


class AdjustmentNotFound(Problem):
    """No such adjustment."""

    status, code, title = 404, "adjustment_not_found", "No such adjustment"


class AdjustmentAboveLimit(Problem):
    """More than this role may credit by hand."""

    status, code, title = 403, "adjustment_above_limit", "Above what this role may credit"
