"""The oracle of one customer's money, with payments and what is refunded of them.

Written from docs/money.md and the table of the API, with nothing of the service in it.
"""

from dataclasses import dataclass
from datetime import datetime

from exam.oracle import Debit, Hold, Oracle, Refused

CARD_MIN = 100


@dataclass(eq=False)
class Came:
    """Paid money that came in, in the order it came; `is_payment`: it can be refunded."""

    minor: int
    is_payment: bool = False
    back: int = 0

    @property
    def left(self) -> int:
        return self.minor - self.back


@dataclass(eq=False)
class OpenRefund:
    """Set aside, and the provider has not said what becomes of it."""

    of: Came
    minor: int
    is_open: bool = True


class MoneyOracle(Oracle):
    def __init__(self) -> None:
        super().__init__()
        self.came: list[Came] = []
        self.charges: list[Debit] = []

    def pay(self, minor: int) -> Came:
        self.pay_in(minor)
        self.came.append(Came(minor, is_payment=True))
        return self.came[-1]

    def adjust(self, minor: int) -> None:
        self.pay_in(minor)
        self.came.append(Came(minor))

    def owe(self, minor: int) -> None:
        """The test that makes a debt credits a kopeck beside it, which goes to the shop."""
        super().owe(minor)
        self.came.append(Came(1))

    def charge(self, minor: int, now: datetime, *, partial: bool = False) -> Debit:
        self.charges.append(super().charge(minor, now, partial=partial))
        return self.charges[-1]

    def capture(self, hold: Hold, minor: int | None, now: datetime) -> Debit:
        self.charges.append(super().capture(hold, minor, now))
        return self.charges[-1]

    def refund(self, payment: Came, minor: int | None, word: str) -> OpenRefund | None:
        """`word` is what the provider says of it at once."""
        wanted = self._part(payment, minor)
        rest = payment.left - wanted
        if wanted < CARD_MIN or 0 < rest < CARD_MIN:
            raise Refused("refund_leaves_too_little")
        if self.paid < wanted:
            raise Refused("insufficient_funds")
        self.paid -= wanted
        self.held += wanted
        payment.back += wanted
        refund = OpenRefund(payment, wanted)
        if word in {"succeeded", "canceled"}:
            self.end(refund, word)
            return None
        return refund

    def end(self, refund: OpenRefund, word: str) -> None:
        """The provider's word of its end; once it is over, another word changes nothing."""
        if not refund.is_open:
            return
        refund.is_open = False
        self.held -= refund.minor
        if word == "canceled":
            refund.of.back -= refund.minor
            self.pay_in(refund.minor)

    def cabinet(self, payment: Came, minor: int) -> None:
        """The provider has given it already: what is not on the balance is owed."""
        covered = min(self.paid, minor)
        self.paid -= covered
        self.owed += minor - covered
        payment.back += minor

    def give_back(self, payment: Came, minor: int | None) -> None:
        wanted = self._part(payment, minor)
        if wanted > self.spent(payment):
            raise Refused("nothing_spent")
        rest = wanted
        for charge in reversed(self.charges):
            part = min(rest, charge.paid)
            charge.paid -= part
            rest -= part
        payment.back += wanted
        self.adjust(wanted)

    def spent(self, payment: Came) -> int:
        """What charges took of it and can give back: the oldest money is spent first."""
        newer = self.came[self.came.index(payment) + 1 :]
        held = sum(hold.paid for hold in self.holds if hold.is_open)
        unspent = self.paid + held - sum(came.left for came in newer)
        spent = payment.left - min(payment.left, max(0, unspent))
        return min(spent, sum(charge.paid for charge in self.charges))

    @staticmethod
    def _part(payment: Came, minor: int | None) -> int:
        wanted = payment.left if minor is None else minor
        if not 0 < wanted <= payment.left:
            raise Refused("refund_exceeds_payment")
        return wanted
