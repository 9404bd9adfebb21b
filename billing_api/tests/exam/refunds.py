"""Refunds: eight at once of one payment, and every order of what may be heard of them."""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing_parts.purse import Purse
from billing_parts.refunding import Till
from sqlalchemy import text

from billing.flows.settle_payment import settle_payment
from billing.flows.settle_refund_attempt import settle_refund_attempt
from billing.flows.settle_seen_refund import settle_seen_refund
from billing.flows.verify_books import verify_books
from billing.gateway.port import ProviderRefund, RefundAccepted, RefundIntent, Unknown
from billing.gateway.yookassa.client import YooKassaGateway
from billing.payments.rules import Payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money, parse_minor
from billing.refunds.problems import RefundExceedsPayment
from exam.at_once import repeat
from exam.payments import SHOP, ask_for, seen
from exam.place import Place, Provider, open_place, open_provider
from exam.result import Result, report

AT_ONCE = 8
_TAKEN = text("SELECT captured_minor, refunded_minor FROM payments WHERE id = :id")


async def refunds_at_once(trials: int, seed: int) -> Result:
    """Eight refunds at once of one payment: as many as it is worth, and never more."""
    name, began, chance = f"{AT_ONCE} refunds, one payment", time.monotonic(), random.Random(seed)
    async with open_place(write_pool=2 * AT_ONCE) as place, open_provider(place) as provider:
        failures = await repeat(trials, chance, _Refunding(place, provider, _ours))
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = await repeat(4, chance, _Refunding(place, provider, _naive))
    report(name, failures)
    seconds = time.monotonic() - began
    return Result(name, trials, len(failures), seed, seconds, bool(naive))


Refund = Callable[[Till, Payment, int], Awaitable[bool]]


async def _ours(till: Till, payment: Payment, minor: int) -> bool:
    """Whether it was made."""
    try:
        await till.refund(payment, minor)
    except RefundExceedsPayment:
        return False
    return True


async def _naive(till: Till, payment: Payment, minor: int) -> bool:
    """The control: look what is left, ask the provider, and believe that it was made."""
    async with till.database.read() as session:
        row = await session.first(_TAKEN, {"id": payment.id})
    assert row is not None
    assert payment.provider_id is not None
    if minor > row["captured_minor"] - row["refunded_minor"]:
        return False
    gateway = till.gateway
    assert isinstance(gateway, YooKassaGateway)
    intent = RefundIntent(new_id(), payment.provider_id, Money(minor, "RUB"), "a test", "r")
    await gateway.create_refund(new_id(), gateway.write_refund(intent), seconds=7)
    return True


@dataclass(frozen=True)
class _Refunding:
    place: Place
    provider: Provider
    refund: Refund

    async def __call__(self, chance: random.Random) -> list[str]:
        """Nothing above what was paid, and nothing refused that could be made to the end."""
        place, provider = self.place, self.provider
        customer = str(UUID(int=chance.getrandbits(128)))
        till = Till(place.database, provider.gateway, place.clock, provider.sandbox, customer)
        purse = Purse(place.database, place.clock, customer)
        payment = await till.take(2000)
        await purse.fund(20_000)  # the balance is not what stops them
        wanted = [100 * chance.randrange(1, 9) for _ in range(AT_ONCE)]
        done = await asyncio.gather(*(self.refund(till, payment, minor) for minor in wanted))
        made = sum(minor for minor, was_made in zip(wanted, done, strict=True) if was_made)
        refused = [minor for minor, was_made in zip(wanted, done, strict=True) if not was_made]
        items = await asyncio.to_thread(till.theirs, payment)
        theirs = sum(parse_minor(item["amount"]["value"], "RUB") for item in items)
        left = (await purse.parts())[0]
        if made > 2000 or theirs != made or left != 22_000 - made:
            return [f"{customer}: {made} of 2000 refunded, {theirs} there, {left} left"]
        return [f"{customer}: {m} refused, {made} refunded" for m in refused if m <= 2000 - made]


# What may be heard of one payment with a refund of ours and one of the cabinet, in any order.
PAID = "payment: succeeded"
PENDING, DONE, GONE = "ours: pending", "ours: succeeded", "ours: canceled"
CABINET, CABINET_OPEN = "cabinet: succeeded", "cabinet: pending"
ANSWERED, SILENCE = "our call: answered", "our call: silence"
STORIES = (
    (PAID, PENDING, DONE, CABINET, ANSWERED, SILENCE),
    (PAID, PENDING, GONE, CABINET, CABINET_OPEN, SILENCE),
    (DONE, DONE, CABINET, CABINET, ANSWERED, SILENCE),
)
WHOLE, OURS, THEIRS = 100_000, 40_000, 30_000
_END = text("""
    SELECT p.refunded_minor, p.refunding_minor, b.paid_minor, b.held_minor, b.receivable_minor,
           (SELECT count(*) FROM journals j WHERE j.payment_id = p.id) AS journals,
           (SELECT count(*) FROM refunds r WHERE r.payment_id = p.id
                AND r.quarantine_reason IS NOT NULL) AS held_back
    FROM payments p JOIN customer_balances b USING (customer_id, currency) WHERE p.id = :id
""")
Told = tuple[str, ...]


def all_orders() -> list[Told]:
    """Those of one choice of events stand together."""
    found: dict[Told, None] = {}
    for story in STORIES:
        for many in range(1, len(story) + 1):
            for choice in itertools.combinations(story, many):
                for events in itertools.permutations(choice):
                    found[events] = None
    return list(found)


def end_of(events: Told) -> dict[str, int]:
    """What must be, by the words alone: the payment was settled and ours reserved before them."""
    known = set(events)
    ours, gone, cabinet = DONE in known, GONE in known, CABINET in known
    back = OURS * ours + THEIRS * cabinet
    open_ = 0 if ours or gone else OURS
    return {
        "refunded_minor": back,
        "refunding_minor": open_,
        "paid_minor": WHOLE - back - open_,
        "held_minor": open_,
        "receivable_minor": 0,
        "journals": 2 + ours + gone + cabinet,
        "held_back": 0,
    }


class Books:
    """The service: each event is a transaction of its own."""

    def __init__(self, place: Place) -> None:
        self._place, self._customer = place, str(new_id())

    async def begin(self) -> None:
        clock = self._place.clock
        async with self._place.database.begin() as session:
            self._id, _ = await ask_for(session, clock, self._customer, WHOLE)
            await self._settle(session)
        till = Till(self._place.database, Nobody(), clock, None, self._customer)  # type: ignore[arg-type]
        payment = await till.payment(self._id)
        self._refund_id = (await till.refund(payment, OURS)).object_id
        async with self._place.database.read() as session:
            [row] = await session.all(_ATTEMPT, {"id": self._refund_id})
        self._attempt_id = row["id"]

    async def _settle(self, session: WriteSession) -> None:
        news = seen(self._id, WHOLE, "succeeded")
        await settle_payment(session, self._id, news, SHOP, self._place.clock.now())

    def _ours(self, status: str) -> ProviderRefund:
        return ProviderRefund(
            id=f"r-{self._refund_id}",
            status=status,
            amount=Money(OURS, "RUB"),
            payment_id=f"theirs-{self._id}",
            refund_uid=str(self._refund_id),
            created_at=None,
            cancellation_reason="insufficient_funds" if status == "canceled" else None,
        )

    def _cabinet(self, status: str) -> ProviderRefund:
        money, payment = Money(THEIRS, "RUB"), f"theirs-{self._id}"
        return ProviderRefund(f"c-{self._id}", status, money, payment, None, None, None)

    async def tell(self, event: str) -> None:
        now, whose, word = self._place.clock.now(), *event.split(": ")
        async with self._place.database.begin() as session:
            if event == PAID:
                await self._settle(session)
            elif whose == "our call":
                answer = RefundAccepted(self._ours("pending"))
                outcome = answer if event == ANSWERED else Unknown("late")
                await settle_refund_attempt(
                    session, self._refund_id, self._attempt_id, outcome, now
                )
            else:
                news = self._ours(word) if whose == "ours" else self._cabinet(word)
                await settle_seen_refund(session, news, now)

    async def end(self) -> dict[str, Any]:
        async with self._place.database.read() as session:
            [row] = await session.all(_END, {"id": self._id})
        return dict(row)


_ATTEMPT = text("SELECT id FROM payment_attempts WHERE refund_id = :id")


class Nobody(YooKassaGateway):
    """The client of a provider that is out of reach: what it was told, it did not hear."""

    def __init__(self) -> None: ...

    @property
    def shop(self) -> Any:
        return SHOP

    async def create_refund(self, key: UUID, body: bytes, *, seconds: float) -> Unknown:
        return Unknown("out of reach")


class LastWord:
    """The control: each word is booked as it comes."""

    def __init__(self, _: Place) -> None:
        self._end = end_of(())

    async def begin(self) -> None: ...

    async def tell(self, event: str) -> None:
        minor = {DONE: OURS, CABINET: THEIRS}.get(event, 0)
        self._end["refunded_minor"] += minor
        self._end["paid_minor"] -= minor
        self._end["journals"] += bool(minor)

    async def end(self) -> dict[str, Any]:
        return self._end


async def _tell_all(
    place: Place, orders: Sequence[Told], books: Callable[[Place], Books | LastWord]
) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def tell(events: Told) -> str | None:
        async with gate:
            told = books(place)
            await told.begin()
            for event in events:
                await told.tell(event)
            end = await told.end()
        return None if end == end_of(events) else f"{events}: {end} instead of {end_of(events)}"

    found = await asyncio.gather(*(tell(events) for events in orders))
    return [failure for failure in found if failure is not None]


async def orders_of_refunds(trials: int, seed: int) -> Result:
    """All orders there are, or `trials` of them where that is less."""
    name, began, orders = "orders of refunds", time.monotonic(), all_orders()
    if trials < len(orders):
        orders = random.Random(seed).sample(orders, trials)
    async with open_place() as place:
        failures = await _tell_all(place, orders, Books)
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = await _tell_all(place, orders, LastWord)
    report(name, failures)
    seconds = time.monotonic() - began
    return Result(name, len(orders), len(failures), seed, seconds, bool(naive))
