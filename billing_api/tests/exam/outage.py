"""The provider is away for an hour: nobody is refused, no call is wasted, all is right after it."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from sqlalchemy import text

from billing.flows.recover_attempts import recover_attempts
from billing.flows.verify_books import verify_books
from billing.gateway.breaker import Breaker
from billing.platform.budget import Budget
from exam.hours import Shop, open_shop, recovering, wrong_credits
from exam.place import Place, open_place
from exam.result import Result, report

NAME = "provider away an hour"
# A longer pause than by default: fewer probes go round, so more is left for the end.
OPENS_AFTER, PAUSE_SECONDS, REPEATS_PER_SECOND = 8, 30, 5
HOUR = 3600
# When the worker looks after the outage, in seconds from its end: for five minutes.
LOOKS_AFTER = (*range(1, 31), *range(35, 301, 5))
# What the worker has under way at once (20 repeats, 10 polls) when the breaker opens under it.
UNDER_WAY = 30
CALLS_DURING = OPENS_AFTER + UNDER_WAY + HOUR // PAUSE_SECONDS
NAIVE_STEP = 120
_ALL_DUE = text("UPDATE payment_attempts SET next_at = :now WHERE state = 'unknown'")


async def outage(trials: int, seed: int) -> Result:
    """About 30 payments before and in an hour of the virtual clock a trial."""
    began, chance = time.monotonic(), random.Random(seed)
    failures: list[str] = []
    async with open_place() as place:
        breaker = Breaker(OPENS_AFTER, PAUSE_SECONDS, lambda: _seconds(place))
        budget = Budget(REPEATS_PER_SECOND, lambda: _seconds(place))
        async with open_shop(place, breaker=breaker, look=recovering(budget)) as shop:
            for number in range(trials):
                trial = _Trial(shop, random.Random(chance.getrandbits(64)), PAUSE_SECONDS)
                failures += [f"trial {number}: {failure}" for failure in await trial.run()]
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
    report(NAME, failures)
    async with open_place() as place, open_shop(place, look=_look_at_everything) as shop:
        naive = await _Trial(shop, chance, NAIVE_STEP).run()
    caught = any("calls in the outage" in failure for failure in naive) and any(
        "in one look" in failure for failure in naive
    )
    return Result(NAME, trials, len(failures), seed, time.monotonic() - began, caught)


def _seconds(place: Place) -> float:
    return place.clock.now().timestamp()


async def _look_at_everything(shop: Shop) -> int:
    """The control: no breaker, no budget, and no pauses; each look repeats whatever is open."""
    place = shop.place
    async with place.database.begin() as session:
        await session.run(_ALL_DUE, {"now": place.clock.now()})
    while await recover_attempts(place.database, shop.gateway, place.clock):
        pass
    return 0


@dataclass
class _Trial:
    """`step`: seconds between two looks of the worker in the outage."""

    shop: Shop
    chance: random.Random
    step: int
    minors: dict[str, int] = field(default_factory=dict)  # of all payments, by id
    paid: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    async def run(self) -> list[str]:
        for _ in range(self.chance.randrange(6, 11)):
            await self._buy(201)
            self.shop.advance(self.chance.randrange(1, 20))
            await self.shop.work()
        await self._outage()
        await self._afterwards()
        for one, row in (await self.shop.states(set(self.minors) - set(self.paid))).items():
            if row["provider_id"] is not None:
                await self._pay(one, row["provider_id"])
        await self.shop.work()
        self.failures += wrong_credits(await self.shop.states(self.minors), self.paid)
        self.shop.control.calm()
        return self.failures

    async def _buy(self, expected: int) -> None:
        customer = str(UUID(int=self.chance.getrandbits(128)))
        minor = self.chance.randrange(100, 1_000_000)
        created = await self.shop.buy(customer, minor)
        self.minors[created.payment_id] = minor
        if created.answer.status != expected:
            self.failures.append(f"{created.payment_id}: answered {created.answer.status}")

    async def _outage(self) -> None:
        """Some of what is sent in vain is done all the same."""
        control = self.shop.control
        mode = self.chance.choice(("drop_before", "error_500_before", "html_503"))
        control.arm("error_500_after", "POST", probability=0.2, seed=self.chance.randrange(10**6))
        control.arm(mode, "POST")
        control.arm("html_503", "GET")
        wanted = [self.chance.randrange(HOUR) for _ in range(self.chance.randrange(20, 31))]
        for second in range(0, HOUR, self.step):
            for _ in [one for one in wanted if second <= one < second + self.step]:
                await self._buy(202)
            await self.shop.work()
            self.shop.advance(self.step)
        calls = control.calls()
        if calls > CALLS_DURING:
            self.failures.append(f"{calls} calls in the outage, not {CALLS_DURING} at most")

    async def _afterwards(self) -> None:
        """Payers pay when they please; five minutes later everything is decided."""
        control, most, before = self.shop.control, 0, 0
        control.count_calls()
        states = await self.shop.states(self.minors)
        left = sum(row["undecided"] for row in states.values())
        ready = {one: self.chance.choice(LOOKS_AFTER) for one in self.minors}
        for last, second in pairwise((0, *LOOKS_AFTER)):
            self.shop.advance(second - last)
            await self.shop.work()
            posts = control.calls("POST")
            most, before = max(most, posts - before), posts
            due = [one for one, at in ready.items() if at == second]
            for one, row in (await self.shop.states(due)).items() if due else ():
                if row["confirmation_url"]:
                    await self._pay(one, row["provider_id"])
        await self.shop.work()
        if most > REPEATS_PER_SECOND:
            self.failures.append(f"{most} repeats in one look, not {REPEATS_PER_SECOND} at most")
        if before > left:
            self.failures.append(f"{before} repeats of {left} payments after the outage")
        self.failures += list(self._judge(await self.shop.states(self.minors)))

    async def _pay(self, payment_id: str, provider_id: str) -> None:
        await self.shop.pay(provider_id)
        self.paid[payment_id] = self.minors[payment_id]

    def _judge(self, states: dict) -> Iterator[str]:
        """Each is at the provider exactly once, and paid or payable."""
        theirs = self.shop.control.payments()
        for one in self.minors:
            row, objects = states[one], theirs.get(one, [])
            if objects != [row["provider_id"]]:
                yield f"{one}: {objects} at the provider, kept is {row['provider_id']}"
            expected = "succeeded" if one in self.paid else "pending"
            if row["status"] != expected or row["undecided"]:
                yield f"{one}: {row['status']}, undecided: {row['undecided']}"
            elif expected == "pending" and not row["confirmation_url"]:
                yield f"{one}: cannot be paid"
        yield from wrong_credits(states, self.paid)
