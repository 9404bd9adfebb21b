"""A state machine that does anything with a balance in any order, beside an oracle.

Each machine is a customer of its own; after each step the balance on PostgreSQL is compared, part
by part, with what the oracle says, and so is each refusal. A failure is shrunk to few steps.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from billing_parts.purse import Purse, read
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as some
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from billing.flows.expire_holds import expire_holds
from billing.flows.expire_promo import expire_promo
from billing.flows.verify_books import verify_books
from billing.idempotency.rules import Answered
from billing.platform.ids import new_id
from billing.platform.problems import Problem
from exam.oracle import FOR_EVER, Debit, Hold, Oracle, Refused
from exam.payments import ask_for, top_up
from exam.place import Place, open_place

STEPS = 30
_CHARGE_OF = text("SELECT id FROM charges WHERE hold_id = :hold")
MINOR = some.integers(1, 3000)
PART = some.one_of(some.none(), MINOR)


@dataclass(frozen=True)
class Bank:
    """What all machines share: the database, its clock, and the loop that asks."""

    place: Place
    ask: asyncio.Runner
    purse: type[Purse]


@dataclass(frozen=True, eq=False)
class Twin:
    """The same thing twice: in the service by its id, and in the oracle."""

    id: UUID
    ours: Debit


class BalanceMachine(RuleBasedStateMachine):
    bank: Bank
    oracle_of: type[Oracle] = Oracle
    charges, holds = Bundle("charges"), Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        place = self.bank.place
        self.clock, self.oracle = place.clock, self.oracle_of()
        self.purse = self.bank.purse(place.database, place.clock, str(new_id()))
        self.last: tuple[Callable[[], Awaitable[Answered]], Answered] | None = None
        self.number = 0

    @rule(minor=MINOR)
    def top_up(self, minor: int) -> None:
        self.pay(minor)
        self.oracle.pay_in(minor)

    def pay(self, minor: int) -> UUID:
        """A payment that succeeded; its news come twice."""

        async def work() -> UUID:
            database, clock = self.bank.place.database, self.clock
            async with database.begin() as session:
                payment_id, _ = await ask_for(session, clock, self.purse.customer, minor)
            for _ in range(2):
                await top_up(database, clock, payment_id, minor)
            return payment_id

        return self.bank.ask.run(work())

    @rule(minor=MINOR)
    def adjust(self, minor: int) -> None:
        self._do(lambda key: self.purse.fund(minor, key=key), lambda: self.oracle.adjust(minor))

    @rule(minor=MINOR, days=some.one_of(some.none(), some.integers(1, 12)))
    def grant(self, minor: int, days: int | None) -> None:
        ends = None if days is None else self.clock.now() + timedelta(days=days)
        self._do(
            lambda key: self.purse.fund(minor, "promo", expires_at=ends, key=key),
            lambda: self.oracle.grant(minor, ends or FOR_EVER),
        )

    @rule(minor=some.integers(1, 800))
    def owe(self, minor: int) -> None:
        self.bank.ask.run(self.purse.owe(minor))
        self.oracle.owe(minor)

    @rule(target=charges, minor=MINOR, partial=some.booleans())
    def charge(self, minor: int, partial: bool):
        now = self.clock.now()
        return self._do(
            lambda key: self.purse.charge(minor, partial=partial, key=key),
            lambda: self.oracle.charge(minor, now, partial=partial),
        )

    @rule(twin=charges, minor=PART)
    def reverse(self, twin: Twin, minor: int | None) -> None:
        self._do(
            lambda key: self.purse.reverse(twin.id, minor, key=key),
            lambda: self.oracle.reverse(twin.ours, minor),
        )

    @rule(target=holds, minor=MINOR)
    def hold(self, minor: int):
        now = self.clock.now()
        return self._do(
            lambda key: self.purse.hold(minor, key=key), lambda: self.oracle.hold(minor, now)
        )

    @rule(target=charges, twin=holds, minor=PART)
    def capture(self, twin: Twin, minor: int | None):
        """The charge that comes of it can be reversed like any other."""
        assert isinstance(twin.ours, Hold)
        hold, now = twin.ours, self.clock.now()
        made = self._do(
            lambda key: self.purse.capture(twin.id, minor, key=key),
            lambda: self.oracle.capture(hold, minor, now),
        )
        return made if not isinstance(made, Twin) else Twin(self._charge_of(twin.id), made.ours)

    @rule(twin=holds)
    def release(self, twin: Twin) -> None:
        assert isinstance(twin.ours, Hold)
        hold, now = twin.ours, self.clock.now()
        self._do(
            lambda key: self.purse.release(twin.id, key=key),
            lambda: self.oracle.release(hold, now),
        )

    @rule()
    def ask_again(self) -> None:
        """The last request under its key: the same bytes, and nothing more."""
        if self.last is not None:
            call, answered = self.last
            again = self.bank.ask.run(call())
            assert again.answer == answered.answer
            assert again.replayed

    @rule(hours=some.integers(1, 24 * 9), works=some.booleans())
    def wait(self, hours: int, works: bool) -> None:
        """Time passes; the worker may have come, or not yet."""
        self.clock.advance(hours=hours)
        if works:
            database, clock = self.bank.place.database, self.clock
            for end in (expire_holds, expire_promo):
                while self.bank.ask.run(end(database, clock)):
                    pass
            self.oracle.expire_holds(clock.now())
            self.oracle.expire_promo(clock.now())

    @invariant()
    def the_balance_is_the_oracle_s(self) -> None:
        found = self.bank.ask.run(self.purse.parts())
        assert found == self.oracle.parts, f"{found} instead of {self.oracle.parts}"

    def _do(self, ours: Callable[[str], Awaitable[Answered]], theirs: Callable[[], object]):
        """Both do it or both refuse it, in the same word. Gives the thing made."""
        self.number += 1
        key = f"key-{self.number}"
        try:
            made, code = theirs(), None
        except Refused as refused:
            made, code = None, refused.code
        try:
            answered = self.bank.ask.run(ours(key))
            said = None
        except Problem as problem:
            answered, said = None, problem.code
        assert said == code, f"{said} instead of {code}"
        if answered is None:
            return multiple()
        self.last = (lambda: ours(key)), answered
        if isinstance(made, Debit) and not isinstance(made, Hold):
            self._compare_value(answered, made)
        return Twin(answered.object_id, made) if isinstance(made, Debit) else None

    @staticmethod
    def _compare_value(answered: Answered, made: Debit) -> None:
        shown = read(answered)
        value = shown["captured_value" if "captured_value" in shown else "value"]
        assert value == f"{made.minor // 100}.{made.minor % 100:02}", shown

    def _charge_of(self, hold_id: UUID) -> UUID:
        async def find() -> UUID:
            async with self.bank.place.database.read() as session:
                [row] = await session.all(_CHARGE_OF, {"hold": hold_id})
            return row["id"]

        return self.bank.ask.run(find())


def _play(
    kind: type[BalanceMachine], bank: Bank, machines: int, number: int, *, shrinks: bool
) -> str | None:
    """What was found, in Hypothesis's words."""
    machine = type("Machine", (kind,), {"bank": bank})
    phases = (Phase.generate, Phase.shrink) if shrinks else (Phase.generate,)
    plan = settings(
        max_examples=machines,
        stateful_step_count=STEPS,
        phases=phases,
        database=None,
        deadline=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seeded(number)(machine), settings=plan)
    except (AssertionError, Problem) as error:
        return "\n".join([str(error), *getattr(error, "__notes__", ())])
    return None


def play(
    kind: type[BalanceMachine], machines: int, number: int, purse: type[Purse], *, shrinks: bool
) -> list[str]:
    """For a thread, as the machine is no coroutine: with a loop and a place of its own."""
    with asyncio.Runner() as ask:
        opened = open_place(write_pool=2)
        place = ask.run(opened.__aenter__())
        try:
            bank = Bank(place, ask, purse)
            found = _play(kind, bank, machines, number, shrinks=shrinks)
            checks = ask.run(verify_books(place.database))
        finally:
            ask.run(opened.__aexit__(None, None, None))
    return [
        *([] if found is None else [found]),
        *(f"books: {check.name}" for check in checks if check.violations),
    ]
