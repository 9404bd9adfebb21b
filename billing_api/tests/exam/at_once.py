"""Many requests at the same instant: clicks under one key, and debits on one balance."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from billing_parts.orders import order
from billing_parts.purse import Purse, read
from harness.naive import naive_create
from sqlalchemy import text

from billing.balance.problems import InsufficientFunds
from billing.flows.create_payment import Created, create_payment
from billing.flows.verify_books import verify_books
from billing.idempotency.problems import IdempotencyInProgress
from billing.idempotency.rules import KeyScope
from exam.place import Place, Provider, open_place, open_provider
from exam.result import Result, report

CLICKS, DEBITS = 10, 16
TRIALS_AT_ONCE = 2
_PAYMENTS = text("SELECT id FROM payments WHERE customer_id = :customer")
_PAID = text("SELECT paid_minor FROM customer_balances WHERE customer_id = :customer")
_WRITE = text("UPDATE customer_balances SET paid_minor = :minor WHERE customer_id = :customer")
Trial = Callable[[random.Random], Awaitable[list[str]]]


async def repeat(trials: int, chance: random.Random, trial: Trial) -> list[str]:
    """What went wrong in each; a few trials beside each other, for it is others' load too."""
    gate = asyncio.Semaphore(TRIALS_AT_ONCE)

    async def one(number: int) -> list[str]:
        async with gate:
            return await trial(random.Random(number))

    found = await asyncio.gather(*(one(chance.getrandbits(64)) for _ in range(trials)))
    return [failure for failures in found for failure in failures]


async def clicks(trials: int, seed: int) -> Result:
    """Ten clicks at once under one key: one payment here and there, or one charge."""
    name, began, chance = f"{CLICKS} clicks, one key", time.monotonic(), random.Random(seed)
    async with open_place(write_pool=2 * CLICKS) as place, open_provider(place) as provider:
        half = trials // 2
        failures = await repeat(trials - half, chance, _Click(place, provider, create_payment))
        failures += await repeat(half, chance, _Charging(place))
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = await repeat(2, chance, _Click(place, provider, naive_create))
    report(name, failures)
    seconds = time.monotonic() - began
    return Result(name, trials, len(failures), seed, seconds, bool(naive))


@dataclass(frozen=True)
class _Click:
    """Clicks on a button that makes a payment, and one more when all is over."""

    place: Place
    provider: Provider
    create: Callable[..., Awaitable[Created]]

    async def __call__(self, chance: random.Random) -> list[str]:
        customer = str(UUID(int=chance.getrandbits(128)))
        clicked = (self._click(customer) for _ in range(CLICKS))
        answers = await asyncio.gather(*clicked, return_exceptions=True)
        strange = [
            repr(answer)
            for answer in answers
            if not isinstance(answer, (Created, IdempotencyInProgress))
        ]
        if strange:
            return [f"{customer}: {strange}"]
        last = await self._click(customer)
        told = {answer.payment_id for answer in answers if isinstance(answer, Created)}
        async with self.place.database.read() as session:
            kept = [str(row["id"]) for row in await session.all(_PAYMENTS, {"customer": customer})]
        if kept != [last.payment_id] or told != set(kept) or not last.replayed:
            return [f"{customer}: kept {kept}, told {told} and then {last.payment_id}"]
        found = await asyncio.to_thread(self.provider.sandbox.payments_of, last.payment_id)
        return [] if len(found) == 1 else [f"{customer}: {len(found)} payments at the provider"]

    async def _click(self, customer: str) -> Created:
        scope = KeyScope(customer, "POST /api/v1/payment", "click", b"same")
        place, gateway = self.place, self.provider.gateway
        return await self.create(place.database, gateway, place.clock, order(customer), scope)


@dataclass(frozen=True)
class _Charging:
    """Clicks on a button that charges the balance."""

    place: Place

    async def __call__(self, chance: random.Random) -> list[str]:
        customer = str(UUID(int=chance.getrandbits(128)))
        purse = Purse(self.place.database, self.place.clock, customer)
        await purse.fund(1000)
        clicked = (purse.charge(100, key="click") for _ in range(CLICKS))
        bodies = {answered.answer for answered in await asyncio.gather(*clicked)}
        paid = (await purse.parts())[0]
        if (len(bodies), paid) == (1, 900):
            return []
        return [f"{customer}: {len(bodies)} answers, {paid} left of 1000 after a charge of 100"]


async def debits(trials: int, seed: int) -> Result:
    """Sixteen debits at once on a balance that is enough for some: never more than there was."""
    name, began, chance = f"{DEBITS} debits, one balance", time.monotonic(), random.Random(seed)
    async with open_place(write_pool=2 * DEBITS) as place:
        failures = await repeat(trials, chance, _Debiting(place, _charge))
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = await repeat(4, chance, _Debiting(place, _naive_charge))
    report(name, failures)
    seconds = time.monotonic() - began
    return Result(name, trials, len(failures), seed, seconds, bool(naive))


async def _charge(purse: Purse, minor: int) -> bool:
    """Whether it was taken."""
    try:
        answered = await purse.charge(minor)
    except InsufficientFunds:
        return False
    assert read(answered)["value"] == f"{minor / 100:.2f}"
    return True


async def _naive_charge(purse: Purse, minor: int) -> bool:
    """The control: look whether there is enough, count, write what was counted."""
    owner = {"customer": purse.customer}
    async with purse.database.read() as session:
        row = await session.first(_PAID, owner)
    assert row is not None
    left = row["paid_minor"] - minor
    if left < 0:
        return False
    async with purse.database.begin() as session:
        await session.run(_WRITE, {**owner, "minor": left})
    return True


@dataclass(frozen=True)
class _Debiting:
    place: Place
    charge: Callable[[Purse, int], Awaitable[bool]]

    async def __call__(self, chance: random.Random) -> list[str]:
        """Nothing is taken that was not there, and nothing refused that is there to the end."""
        customer = str(UUID(int=chance.getrandbits(128)))
        purse = Purse(self.place.database, self.place.clock, customer)
        wanted = [chance.randrange(1, 500) for _ in range(DEBITS)]
        funded = chance.randrange(1, sum(wanted))
        await purse.fund(funded)
        done = await asyncio.gather(*(self.charge(purse, minor) for minor in wanted))
        taken = sum(minor for minor, was_taken in zip(wanted, done, strict=True) if was_taken)
        refused = [minor for minor, was_taken in zip(wanted, done, strict=True) if not was_taken]
        left = (await purse.parts())[0]
        if left != funded - taken or left < 0:
            return [f"{customer}: {taken} taken of {funded}, {left} left"]
        return [f"{customer}: {m} refused, {left} left" for m in refused if m <= left]
