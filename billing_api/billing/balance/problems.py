"""Refusals about balances."""

from billing.platform.money import Money, format_minor
from billing.platform.problems import Problem


class InsufficientFunds(Problem):
    """The balance is too small; the member `missing` says by how much."""

    status, code, title = 402, "insufficient_funds", "Not enough money on the balance"


def insufficient(missing: Money) -> InsufficientFunds:
    return InsufficientFunds(
        f"{missing} more is needed",
        members={"missing": format_minor(missing.minor, missing.currency)},
    )
