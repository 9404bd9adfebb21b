"""One customer's money in plain Python: what the balance must be, whatever is done with it.

Written from docs/money.md and the table of the API, with nothing of the service in it. Amounts are
integer kopecks, instants any that can be compared.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FOR_EVER = datetime.max.replace(tzinfo=UTC)
HOLD_LASTS = timedelta(days=7)


class Refused(Exception):
    """`code`: as the API says it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Grant:
    rest: int
    ends: datetime
    number: int


@dataclass
class Use:
    """So much of a grant was burned and has not come back yet."""

    grant: Grant
    minor: int


@dataclass
class Debit:
    """What a charge or a hold took, as far as it has not come back."""

    paid: int
    promo: int
    uses: list[Use] = field(default_factory=list)

    @property
    def minor(self) -> int:
        return self.paid + self.promo


@dataclass
class Hold(Debit):
    ends: datetime = FOR_EVER
    is_open: bool = True


def _order(grant: Grant) -> tuple[datetime, int]:
    return grant.ends, grant.number


class Oracle:
    def __init__(self) -> None:
        self.paid = self.held = self.owed = 0
        self.grants: list[Grant] = []
        self.holds: list[Hold] = []

    @property
    def promo(self) -> int:
        return sum(grant.rest for grant in self.grants)

    @property
    def parts(self) -> tuple[int, int, int, int]:
        return self.paid, self.promo, self.held, self.owed

    def owe(self, minor: int) -> None:
        self.owed += minor

    def pay_in(self, minor: int) -> None:
        """Repays first what is owed."""
        repaid = min(self.owed, minor)
        self.owed -= repaid
        self.paid += minor - repaid

    def adjust(self, minor: int) -> None:
        self.pay_in(minor)

    def grant(self, minor: int, ends: datetime) -> None:
        self.grants.append(Grant(minor, ends, len(self.grants)))

    def charge(self, minor: int, now: datetime, *, partial: bool = False) -> Debit:
        return self._take(minor, now, partial=partial)

    def hold(self, minor: int, now: datetime) -> Hold:
        taken = self._take(minor, now)
        hold = Hold(taken.paid, taken.promo, taken.uses, ends=now + HOLD_LASTS)
        self.held += hold.minor
        self.holds.append(hold)
        return hold

    def reverse(self, charge: Debit, minor: int | None) -> None:
        wanted = charge.minor if minor is None else minor
        if not 0 < wanted <= charge.minor:
            raise Refused("reversal_exceeds_charge")
        paid = min(charge.paid, wanted)
        self._give_back(charge, paid, wanted - paid)

    def capture(self, hold: Hold, minor: int | None, now: datetime) -> Debit:
        """The charge made of it."""
        if not hold.is_open or now >= hold.ends:
            raise Refused("hold_over")
        wanted = hold.minor if minor is None else minor
        if wanted > hold.minor:
            raise Refused("capture_exceeds_hold")
        promo = min(hold.promo, wanted)
        self._end(hold, hold.paid - (wanted - promo), hold.promo - promo)
        return Debit(hold.paid, hold.promo, hold.uses)

    def release(self, hold: Hold, now: datetime) -> None:
        if not hold.is_open or now >= hold.ends:
            raise Refused("hold_over")
        self._end(hold, hold.paid, hold.promo)

    def expire_holds(self, now: datetime) -> None:
        for hold in self.holds:
            if hold.is_open and hold.ends <= now:
                self._end(hold, hold.paid, hold.promo)

    def expire_promo(self, now: datetime) -> None:
        for grant in self.grants:
            if grant.ends <= now:
                grant.rest = 0

    def _end(self, hold: Hold, paid: int, promo: int) -> None:
        hold.is_open = False
        self.held -= hold.minor
        self._give_back(hold, paid, promo)

    def _take(self, minor: int, now: datetime, *, partial: bool = False) -> Debit:
        """Promotional money first, of it what ends soonest; what is over counts no more."""
        usable = sorted((g for g in self.grants if g.ends > now), key=_order)
        available = self.paid + sum(grant.rest for grant in usable)
        taken = min(minor, available)
        if taken == 0 or (taken < minor and not partial):
            raise Refused("insufficient_funds")
        self.expire_promo(now)
        debit = Debit(0, 0)
        for grant in usable:
            use = Use(grant, min(grant.rest, taken - debit.promo))
            grant.rest -= use.minor
            debit.promo += use.minor
            debit.uses.append(use)
        debit.paid = taken - debit.promo
        self.paid -= debit.paid
        return debit

    def _give_back(self, debit: Debit, paid: int, promo: int) -> None:
        """Promotional money to the grant that lasts longest first, also to one that is over."""
        debit.paid -= paid
        debit.promo -= promo
        self.pay_in(paid)
        for use in sorted(debit.uses, key=lambda use: _order(use.grant), reverse=True):
            back = min(use.minor, promo)
            use.minor -= back
            use.grant.rest += back
            promo -= back
