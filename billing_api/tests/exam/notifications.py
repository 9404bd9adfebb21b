"""Notifications that come twice, late, in any order or never: what is paid is credited once.

Three of four trials are payments whose notifications are repeated, shuffled among all others and
lost for one payment in twenty; of the fourth none comes at all. What was notified must be right
before anybody polls, and everything afterwards. The oracle is what the payers did.
"""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import httpx
from billing_parts.orders import order
from billing_parts.processes import NO_TLS
from sqlalchemy import text

from billing.flows.claim_polls import claim_polls
from billing.flows.create_payment import create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.verify_books import verify_books
from billing.inbox.rules import Arrival
from billing.payments.rules import OnExpiry
from exam.place import Place, Provider, open_place, open_provider
from exam.result import Result, report

NAME = "notifications"
AT_ONCE = 8
LOST = 0.05
# What the payer did, how often, and what the payment is then.
FATES = {"succeeded": 70, "canceled": 15, "waiting_for_capture": 10, "pending": 5}
_FOUND = text("""
    SELECT p.customer_id, p.status, p.provider_id, coalesce(b.paid_minor, 0) AS paid_minor
    FROM payments p LEFT JOIN customer_balances b USING (customer_id, currency)
""")
Books = dict[str, tuple[str, int]]  # by customer: the payment's status, and the balance


@dataclass
class Trial:
    customer: str
    minor: int
    fate: str
    provider_id: str = ""

    @property
    def end(self) -> tuple[str, int]:
        return self.fate, self.minor if self.fate == "succeeded" else 0

    @property
    def notification(self) -> str:
        body = {"type": "notification", "event": f"payment.{self.fate}"}
        return json.dumps({**body, "object": {"id": self.provider_id, "status": self.fate}})


class NaiveBooks:
    """The control: believes each notification, and credits whenever one says that it is paid."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._owners = {trial.provider_id: trial for trial in trials}
        self.books: Books = {trial.customer: ("pending", 0) for trial in self._owners.values()}

    def receive(self, body: str) -> None:
        news = json.loads(body)["object"]
        trial = self._owners[news["id"]]
        balance = self.books[trial.customer][1]
        credit = trial.minor if news["status"] == "succeeded" else 0
        self.books[trial.customer] = news["status"], balance + credit


def compare(trials: Iterable[Trial], found: Books) -> list[str]:
    """A sentence for each payment that is not as the oracle says."""
    return [
        f"{trial.customer}: {found.get(trial.customer)} instead of {trial.end}"
        for trial in trials
        if found.get(trial.customer) != trial.end
    ]


async def _gather(trials: Iterable[Trial], work: Callable[[Trial], Awaitable[object]]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def guarded(trial: Trial) -> None:
        async with gate:
            await work(trial)

    async with asyncio.TaskGroup() as group:
        for trial in trials:
            group.create_task(guarded(trial))


class Shop:
    """Payers who pay, and our side that hears of it."""

    def __init__(self, place: Place, provider: Provider, chance: random.Random) -> None:
        self._place, self._provider, self._chance = place, provider, chance

    async def sell(self, count: int) -> list[Trial]:
        """So many payments, made here and there, and each at its fate there."""
        fates, weights = list(FATES), list(FATES.values())
        trials = [
            Trial(
                str(UUID(int=self._chance.getrandbits(128))),
                self._chance.randrange(100, 35_000_000),
                self._chance.choices(fates, weights)[0],
            )
            for _ in range(count)
        ]
        await _gather(trials, self._order)
        async with self._place.database.read() as session:
            ids = {row["customer_id"]: row["provider_id"] for row in await session.all(_FOUND)}
        async with httpx.AsyncClient(verify=NO_TLS, timeout=30) as http:

            async def act(trial: Trial) -> None:
                trial.provider_id = ids[trial.customer]
                verb = "cancel" if trial.fate == "canceled" else "succeed"
                url = f"{self._provider.sandbox.url}/_sandbox/payments/{trial.provider_id}/{verb}"
                if trial.fate != "pending":
                    (await http.post(url)).raise_for_status()

            await _gather(trials, act)
        return trials

    async def _order(self, trial: Trial) -> None:
        held = trial.fate == "waiting_for_capture"
        more = {"capture": False, "on_expiry": OnExpiry.RELEASE} if held else {}
        command = order(trial.customer, trial.minor, **more)
        place, gateway = self._place, self._provider.gateway
        await create_payment(place.database, gateway, place.clock, command, None)

    def bodies(self, trials: Iterable[Trial]) -> list[str]:
        """One to three copies of each, in any order."""
        told = [t.notification for t in trials if t.fate != "pending"]
        copies = [body for body in told for _ in range(self._chance.randrange(1, 4))]
        self._chance.shuffle(copies)
        return copies

    async def hear(self, bodies: list[str]) -> None:
        """The worker works while they still arrive."""
        database, clock = self._place.database, self._place.clock
        for start in range(0, len(bodies), 200):
            for body in bodies[start : start + 200]:
                arrival = Arrival(body.encode(), "127.0.0.53", "exam")
                await receive_notification(database, clock, arrival)
            await process_notifications(database, self._provider.gateway, clock)
        while await process_notifications(database, self._provider.gateway, clock):
            pass

    async def poll(self) -> None:
        """Everybody whose turn has come, some time later."""
        database, clock = self._place.database, self._place.clock
        gateway = self._provider.gateway
        clock.advance(seconds=15)
        while due := await claim_polls(database, clock, 50):
            await asyncio.gather(*(poll_payment(database, gateway, clock, one) for one in due))

    async def books(self) -> Books:
        async with self._place.database.read() as session:
            rows = await session.all(_FOUND)
        return {row["customer_id"]: (row["status"], row["paid_minor"]) for row in rows}


async def notifications(trials: int, seed: int) -> Result:
    """`trials` payments; failures: those that do not stand as their payers left them."""
    began, chance = time.monotonic(), random.Random(seed)
    async with open_place() as place, open_provider(place) as provider:
        shop = Shop(place, provider, chance)
        sold = await shop.sell(trials - trials // 4)
        told = [trial for trial in sold if chance.random() >= LOST]
        bodies = shop.bodies(told)
        await shop.hear(bodies)
        failures = compare(told, await shop.books())
        await shop.poll()
        failures += compare(sold, await shop.books())
        silent = await shop.sell(trials // 4)
        await shop.poll()
        failures += compare([*sold, *silent], await shop.books())
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = NaiveBooks(sold)
        for body in bodies:
            naive.receive(body)
    report(NAME, failures)
    control_failed = bool(compare(sold, naive.books))
    seconds = time.monotonic() - began
    return Result(NAME, trials, len(failures), seed, seconds, control_failed)
