"""The bank test: sixteen workers move money, connections are cut, and every snapshot adds up.

Half of the workers run at REPEATABLE READ, where the server refuses what met another's change, so
that whole transactions are undone and begun anew. A worker whose connection was cut does not know
what was done: it repeats the same under the same key. At the end each balance is what the answers
say.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from billing_parts.purse import Purse

from billing.flows.verify_books import verify_books
from billing.platform.database import UNAVAILABLE, Database
from billing.platform.problems import Problem
from exam.naive_purse import TwoSteps
from exam.payments import ask_for, top_up
from exam.place import Place, open_place
from exam.result import Result, report
from exam.snapshots import Snapshots

NAME = "bank, 16 workers"
WORKERS, CUSTOMERS = 16, 12
CUT_SECONDS = 0.15
CONTROL_OPERATIONS = 400
_UNDONE_OFTEN = "default_transaction_isolation=repeatable%20read"
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'billing' AND datname = current_database() ORDER BY random() LIMIT 1
"""


@dataclass
class Account:
    """A customer, and what the answers so far make of the balance; what may still be dealt with."""

    customer: str
    available: int = 0
    held: int = 0
    charges: list[tuple[UUID, int]] = field(default_factory=list)
    holds: list[tuple[UUID, int]] = field(default_factory=list)


class Worker:
    """One step of a worker is one operation, whatever becomes of it."""

    def __init__(
        self, place: Place, database: Database, chance: random.Random, purse: type[Purse]
    ) -> None:
        self._place, self._database, self._chance, self._purse = place, database, chance, purse
        self.counts: Counter[str] = Counter()

    async def step(self, account: Account) -> None:
        work = self._chance.choices(*zip(*WORKS, strict=True))[0]
        purse = self._purse(self._database, self._place.clock, account.customer)
        key = f"{self._chance.getrandbits(96):x}"
        try:
            await work(self, purse, account, key)
            self.counts["done"] += 1
        except Problem as refused:
            self.counts[refused.code] += 1

    async def _insist(self, ask: Callable[[], Awaitable[object]]) -> object:
        """The same again until there is an answer."""
        while True:
            try:
                return await ask()
            except UNAVAILABLE:
                self.counts["cut off"] += 1

    async def top_up(self, _: Purse, account: Account, __: str) -> None:
        minor, clock = self._chance.randrange(100, 5000), self._place.clock

        async def ask() -> UUID:
            """Asked twice, the first is a payment that nobody pays."""
            async with self._database.begin() as session:
                return (await ask_for(session, clock, account.customer, minor))[0]

        payment_id = await self._insist(ask)
        await self._insist(lambda: top_up(self._database, clock, payment_id, minor))
        account.available += minor

    async def fund(self, purse: Purse, account: Account, key: str) -> None:
        minor, kind = self._chance.randrange(1, 3000), self._chance.choice(("paid", "promo"))
        await self._insist(lambda: purse.fund(minor, kind, key=key))
        account.available += minor

    async def charge(self, purse: Purse, account: Account, key: str) -> None:
        minor = self._chance.randrange(1, 4000)
        answered = await self._insist(lambda: purse.charge(minor, key=key))
        account.available -= minor
        account.charges.append((answered.object_id, minor))

    async def reverse(self, purse: Purse, account: Account, key: str) -> None:
        if not account.charges:
            return
        charge_id, taken = self._chance.choice(account.charges)
        minor = self._chance.randrange(1, taken + 1)
        await self._insist(lambda: purse.reverse(charge_id, minor, key=key))
        account.available += minor

    async def hold(self, purse: Purse, account: Account, key: str) -> None:
        minor = self._chance.randrange(1, 4000)
        answered = await self._insist(lambda: purse.hold(minor, key=key))
        account.available -= minor
        account.held += minor
        account.holds.append((answered.object_id, minor))

    async def end_hold(self, purse: Purse, account: Account, key: str) -> None:
        """Captured in part or released; also by two workers at once."""
        if not account.holds:
            return
        hold_id, minor = self._chance.choice(account.holds)
        taken = self._chance.choice((0, self._chance.randrange(1, minor + 1)))
        if taken:
            await self._insist(lambda: purse.capture(hold_id, taken, key=key))
        else:
            await self._insist(lambda: purse.release(hold_id, key=key))
        account.holds.remove((hold_id, minor))
        account.held -= minor
        account.available += minor - taken


WORKS = (
    (Worker.top_up, 12), (Worker.fund, 10), (Worker.charge, 32),
    (Worker.reverse, 14), (Worker.hold, 18), (Worker.end_hold, 14),
)  # fmt: skip


@asynccontextmanager
async def _cut_lines(place: Place, chance: random.Random):
    """Ends a server process of the service at random moments. Gives how many, so far."""
    database = place.urls.owner.rpartition("/")[2]
    cut: list[int] = []
    connection = await asyncpg.connect(place.superuser, database=database)

    async def go_on() -> None:
        while True:
            await asyncio.sleep(chance.uniform(0, 2 * CUT_SECONDS))
            cut.extend(row[0] for row in await connection.fetch(_CUT))

    task = asyncio.create_task(go_on())
    try:
        yield cut
    finally:
        task.cancel()
        await asyncio.wait([task])
        await connection.close()


@dataclass
class Run:
    """What the workers did, and what was wrong with it."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


async def _run(operations: int, chance: random.Random, purse: type[Purse]) -> Run:
    async with open_place() as place:
        undone_often = Database(f"{place.urls.service}?{_UNDONE_OFTEN}", write_pool=WORKERS)
        accounts = [Account(str(UUID(int=chance.getrandbits(128)))) for _ in range(CUSTOMERS)]
        left = iter(range(operations))
        workers = [
            Worker(place, database, random.Random(chance.getrandbits(64)), purse)
            for database in (place.database, undone_often)
            for _ in range(WORKERS // 2)
        ]

        async def work(worker: Worker) -> None:
            for _ in left:
                await worker.step(chance.choice(accounts))

        try:
            async with (
                Snapshots(place.urls.owner) as snapshots,
                _cut_lines(place, chance) as cut,
                asyncio.TaskGroup() as group,
            ):
                for worker in workers:
                    group.create_task(work(worker))
            run = Run(failures=snapshots.failures + await _compare(place, accounts))
        finally:
            await undone_often.close()
        run.counts.update({"snapshots": snapshots.taken, "lines cut": len(cut)})
        for worker in workers:
            run.counts.update(worker.counts)
        return run


async def _compare(place: Place, accounts: list[Account]) -> list[str]:
    """The balances with the answers, and the books with themselves."""
    found = []
    for account in accounts:
        paid, promo, held, _ = await Purse(place.database, place.clock, account.customer).parts()
        if (paid + promo, held) != (account.available, account.held):
            found.append(f"{paid + promo} and {held}, by the answers {account}"[:300])
    checks = await verify_books(place.database)
    return found + [f"books: {check.name}" for check in checks if check.violations]


async def bank(trials: int, seed: int) -> Result:
    """`trials` operations; failures: snapshots and balances that do not add up."""
    began, chance = time.monotonic(), random.Random(seed)
    run = await _run(trials, chance, Purse)
    report(NAME, [*run.failures, str(dict(run.counts))])
    naive = await _run(CONTROL_OPERATIONS, chance, TwoSteps)
    control_failed = any("snapshot" in failure for failure in naive.failures)
    seconds = time.monotonic() - began
    return Result(NAME, trials, len(run.failures), seed, seconds, control_failed)
