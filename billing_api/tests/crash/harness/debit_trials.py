"""Deaths in the middle of a debit: prepare, kill, ask again twice, count what is on the balance."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from billing.flows.verify_books import verify_books
from billing.idempotency.rules import Answered
from billing.platform.crash_points import CrashPoint
from harness.acts import Order
from harness.debits import DEBITS, MOVES, PAID, PROMO, Debit, charge, grant, hold
from harness.world import World, gather

P = CrashPoint
POINTS = (P.ONCE_BEGUN, P.ONCE_POSTED, P.ONCE_WRITTEN, P.ONCE_DONE)
ACTS = ("charge", "reverse", "hold", "capture", "release", "adjust", "grant")
ROUND_MAX = 150
_BALANCE = text("""
    SELECT paid_minor + promo_minor AS free, held_minor FROM customer_balances
    WHERE customer_id = :customer
""")


@dataclass
class DebitTrial:
    """`before` and `after`: what may be spent and what is held, round the act."""

    act: str
    point: CrashPoint
    customer: str
    minor: int
    first_minor: int
    object_id: str = ""
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)
    signal: int = 0
    answers: list[Answered] = field(default_factory=list)

    @property
    def debit(self) -> Debit:
        return Debit(self.customer, self.minor, self.object_id)

    @property
    def expected(self) -> tuple[int, int]:
        free, held = self.before
        if self.act in MOVES:
            of_free, of_held = MOVES[self.act]
            return free + of_free * self.minor, held + of_held * self.minor
        charged = self.minor if self.act == "capture" else 0
        return free + self.first_minor - charged, held - self.first_minor


def plan_debits(acts: Sequence[str], count: int, chance: random.Random) -> list[DebitTrial]:
    """Every point of every act equally often."""
    pairs = [(act, point) for act in acts for point in POINTS]
    trials = []
    for number in range(count):
        act, point = pairs[number % len(pairs)]
        first = chance.randrange(2, PAID // 4)
        minor = chance.randrange(1, first)
        customer = str(UUID(int=chance.getrandbits(128)))
        trials.append(DebitTrial(act, point, customer, minor, first))
    return trials


async def run_debits(world: World, trials: list[DebitTrial]) -> None:
    for start in range(0, len(trials), ROUND_MAX):
        some = trials[start : start + ROUND_MAX]
        await gather(some, lambda trial: _prepare(world, trial))
        await _kill(world, some)
        for _ in range(2):
            await gather(some, lambda trial: _ask(world, trial))
        await gather(some, lambda trial: _look(world, trial))


async def _prepare(world: World, trial: DebitTrial) -> None:
    db, clock = world.database, world.clock
    await DEBITS["adjust"](db, clock, Debit(trial.customer, PAID, "first"))
    await grant(db, clock, Debit(trial.customer, PROMO, "first"))
    makers = {"reverse": charge, "capture": hold, "release": hold}
    if maker := makers.get(trial.act):
        made = await maker(db, clock, Debit(trial.customer, trial.first_minor, "first"))
        trial.object_id = str(made.object_id)
    trial.before = await _balance(world, trial.customer)


async def _kill(world: World, trials: list[DebitTrial]) -> None:
    now = world.clock.now().isoformat()
    orders = [
        Order(t.act, t.point.name, now, t.customer, t.minor, object_id=t.object_id) for t in trials
    ]
    signals = await asyncio.to_thread(world.forker.kill, orders)
    for trial, signal in zip(trials, signals, strict=True):
        trial.signal = signal


async def _ask(world: World, trial: DebitTrial) -> None:
    trial.answers.append(await DEBITS[trial.act](world.database, world.clock, trial.debit))


async def _look(world: World, trial: DebitTrial) -> None:
    trial.after = await _balance(world, trial.customer)


async def _balance(world: World, customer: str) -> tuple[int, int]:
    async with world.database.read() as session:
        row = await session.first(_BALANCE, {"customer": customer})
    assert row is not None
    return row["free"], row["held_minor"]


async def audit_debits(world: World, trials: list[DebitTrial]) -> list[str]:
    """A sentence for each thing that is not as it must be."""
    failures = [
        f"{trial.act} / {trial.point.name} / {trial.customer}: {what}"
        for trial in trials
        for what in _judge(trial)
    ]
    for check in await verify_books(world.database):
        failures += [f"books: {check.name}"] * check.violations
    return failures


def _judge(trial: DebitTrial) -> Iterator[str]:
    if trial.signal != 9:
        yield f"the process did not die at its point, but by {trial.signal}"
    if trial.after != trial.expected:
        yield f"{trial.after} instead of {trial.expected}"
    first, second = trial.answers
    if first.answer != second.answer or not second.replayed:
        yield "two repeats were answered differently"
    if first.replayed != (trial.point is P.ONCE_DONE):
        yield f"the first repeat found an answer: {first.replayed}"
