"""What programs do to a balance, each under one key; and the same without one, as the control."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from billing.adjustments.rules import AdjustmentKind
from billing.flows.adjust_balance import AdjustBalance, adjust_balance
from billing.flows.capture_hold import CaptureHold, capture_hold
from billing.flows.charge_balance import ChargeBalance, charge_balance
from billing.flows.hold_balance import HoldBalance, hold_balance
from billing.flows.release_hold import ReleaseHold, release_hold
from billing.flows.reverse_charge import ReverseCharge, reverse_charge
from billing.idempotency.rules import Answered, KeyScope
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.platform.money import Money

SHOP = "shop"
PAID, PROMO = 1_000_000, 300_000


@dataclass(frozen=True)
class Debit:
    """`object_id`: of the charge or the hold that is dealt with, where there is one."""

    customer: str
    minor: int
    object_id: str = ""

    @property
    def money(self) -> Money:
        return Money(self.minor, "RUB")

    @property
    def object(self) -> UUID:
        return UUID(self.object_id)

    def scope(self, act: str) -> KeyScope:
        return KeyScope(SHOP, act, f"{self.customer}-{self.object_id}", b"the same")


Act = Callable[[Database, Clock, Debit], Awaitable[Answered]]


async def charge(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = ChargeBalance(debit.customer, debit.money, "crash", {}, SHOP)
    return await charge_balance(db, clock, command, debit.scope("charge"))


async def reverse(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = ReverseCharge(debit.object, None, debit.money, SHOP)
    return await reverse_charge(db, clock, command, debit.scope("reverse"))


async def hold(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = HoldBalance(debit.customer, debit.money, "crash", {}, SHOP)
    return await hold_balance(db, clock, command, debit.scope("hold"))


async def capture(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = CaptureHold(debit.object, None, debit.money, SHOP)
    return await capture_hold(db, clock, command, debit.scope("capture"))


async def release(db: Database, clock: Clock, debit: Debit) -> Answered:
    return await release_hold(db, clock, ReleaseHold(debit.object, None), debit.scope("release"))


async def adjust(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = AdjustBalance(
        debit.customer, AdjustmentKind.PAID, debit.money, "crash", None, "finance"
    )
    return await adjust_balance(db, clock, command, debit.scope("adjust"))


async def grant(db: Database, clock: Clock, debit: Debit) -> Answered:
    command = AdjustBalance(
        debit.customer, AdjustmentKind.PROMO, debit.money, "crash", None, "finance"
    )
    return await adjust_balance(db, clock, command, debit.scope("grant"))


async def naive_charge(db: Database, clock: Clock, debit: Debit) -> Answered:
    """Without a key: whoever asks again is charged again."""
    command = ChargeBalance(debit.customer, debit.money, "crash", {}, SHOP)
    return await charge_balance(db, clock, command, None)


DEBITS: dict[str, Act] = {
    "charge": charge,
    "reverse": reverse,
    "hold": hold,
    "capture": capture,
    "release": release,
    "adjust": adjust,
    "grant": grant,
    "naive charge": naive_charge,
}
# What each does to (paid and promotional money together, held money), by so much.
MOVES: dict[str, tuple[int, int]] = {
    "charge": (-1, 0),
    "reverse": (1, 0),
    "hold": (-1, 1),
    "adjust": (1, 0),
    "grant": (1, 0),
    "naive charge": (-1, 0),
}
