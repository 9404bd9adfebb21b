"""Every order of up to six events of one payment: the end depends on what was heard, not on when,
but that nothing is heard any more after a word nobody knows.

An event is a word of the provider, by whatever way it came, or what our own call heard late. A
story is six events that belong together; each choice among them is told in each of its orders.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from billing_parts.purse import Purse
from sqlalchemy import text

from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_held import settle_held
from billing.flows.settle_payment import save_and_tell, settle_payment
from billing.flows.verify_books import verify_books
from billing.gateway.port import Accepted, Unknown
from billing.payments.attempt_store import open_attempt
from billing.payments.attempts import AttemptKind
from billing.payments.store import lock_payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from exam.payments import SHOP, ask_for, seen
from exam.place import Place, open_place
from exam.result import Result, report

NAME = "orders of events"
WHOLE, PART = 134200, 50000
AT_ONCE = 8
WAITING, SUCCEEDED, CANCELED = "waiting_for_capture", "succeeded", "canceled"
STRANGE = "a_new_word"  # the provider has no such state
ANSWERED, SILENCE = "our call: answered", "our call: silence"
# What a story's last word is worth. Those of refunds are in refunds.py.
STORIES = (
    ("pending", WAITING, SUCCEEDED, STRANGE, ANSWERED, SILENCE),
    ("pending", WAITING, CANCELED, STRANGE, ANSWERED, SILENCE),
    ("pending", WAITING, SUCCEEDED, SUCCEEDED, ANSWERED, SILENCE),
)
CAPTURES = ("pending", WAITING, SUCCEEDED, SUCCEEDED, ANSWERED, SILENCE)
_END = text("""
    SELECT status, captured_minor, quarantine_reason, undecided,
           (SELECT count(*) FROM journals j WHERE j.payment_id = p.id) AS journals
    FROM payments p WHERE id = :id
""")
Told = tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """`captures`: of a payment whose money is held and of which we asked for a part."""

    events: Told
    captures: bool

    @property
    def end(self) -> dict[str, Any]:
        """What must be, by the words alone."""
        held = STRANGE in self.events
        known = set(self.events[: self.events.index(STRANGE)] if held else self.events)
        status = WAITING if self.captures or WAITING in known else "pending"
        status = next((word for word in (SUCCEEDED, CANCELED) if word in known), status)
        taken = PART if self.captures else WHOLE
        if self.captures and ANSWERED in known:
            status = SUCCEEDED
        paid = status == SUCCEEDED
        return {
            "status": status,
            "captured_minor": taken if paid else 0,
            "quarantine_reason": "unknown_status" if held else None,
            "undecided": not self.captures and known <= {SILENCE},
            "journals": int(paid),
            "balance": taken if paid else 0,
        }


def all_orders() -> list[Order]:
    """Those of one choice of events stand together."""
    found: dict[Order, None] = {}
    for story, captures in (*((story, False) for story in STORIES), (CAPTURES, True)):
        for many in range(1, len(story) + 1):
            for choice in itertools.combinations(story, many):
                for events in itertools.permutations(choice):
                    found[Order(events, captures)] = None
    return list(found)


class Payment:
    """The service: each event is a transaction of its own."""

    def __init__(self, place: Place, *, captures: bool) -> None:
        self._place, self._captures = place, captures
        self._purse = Purse(place.database, place.clock, str(new_id()))

    async def begin(self) -> None:
        database, clock, customer = self._place.database, self._place.clock, self._purse.customer
        async with database.begin() as session:
            self._id, self._attempt = await ask_for(
                session, clock, customer, WHOLE, capture=not self._captures
            )
            if self._captures:
                await settle_payment(
                    session, self._id, seen(self._id, WHOLE, WAITING), SHOP, clock.now()
                )
                self._attempt = await self._ask_for_part(session)

    async def _ask_for_part(self, session: WriteSession) -> UUID:
        """As a capture does before it calls the provider."""
        now = self._place.clock.now()
        payment = replace(await lock_payment(session, self._id), capture_wish_minor=PART)
        await save_and_tell(session, payment, now)
        attempt = await open_attempt(
            session, self._id, AttemptKind.CAPTURE, b"{}", at=now, lease_until=now
        )
        assert attempt is not None
        return attempt.id

    async def tell(self, event: str) -> None:
        async with self._place.database.begin() as session:
            if event in {ANSWERED, SILENCE}:
                await self._hear(session, event)
            else:
                minor = PART if self._captures and event == SUCCEEDED else WHOLE
                news = seen(self._id, minor, event)
                await settle_payment(session, self._id, news, SHOP, self._place.clock.now())

    async def _hear(self, session: WriteSession, event: str) -> None:
        settle = settle_held if self._captures else settle_attempt
        theirs = seen(self._id, PART, SUCCEEDED) if self._captures else None
        answer = Accepted(theirs or seen(self._id, WHOLE, "pending"))
        outcome = answer if event == ANSWERED else Unknown("late")
        now = self._place.clock.now()
        await settle(session, self._id, self._attempt, outcome, shop=SHOP, now=now)

    async def end(self) -> dict[str, Any]:
        async with self._place.database.read() as session:
            [row] = await session.all(_END, {"id": self._id})
        return {**row, "balance": (await self._purse.parts())[0]}


class LastWord:
    """The control: the payment is whatever was said last, and each success is credited."""

    def __init__(self, place: Place, *, captures: bool) -> None:
        self._taken = PART if captures else WHOLE
        self._status, self._journals = "pending", 0

    async def begin(self) -> None: ...

    async def tell(self, event: str) -> None:
        self._status = event
        self._journals += event == SUCCEEDED

    async def end(self) -> dict[str, Any]:
        paid = self._journals > 0
        return {
            "status": self._status,
            "captured_minor": self._taken if paid else 0,
            "quarantine_reason": None,
            "undecided": False,
            "journals": self._journals,
            "balance": self._journals * self._taken,
        }


async def _tell_all(
    place: Place, orders: list[Order], payment: Callable[..., Payment | LastWord]
) -> list[str]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def tell(order: Order) -> str | None:
        async with gate:
            told = payment(place, captures=order.captures)
            await told.begin()
            for event in order.events:
                await told.tell(event)
            end = await told.end()
        return None if end == order.end else f"{order}: {end} instead of {order.end}"

    found: list[Awaitable[str | None]] = [tell(order) for order in orders]
    return [failure for failure in await asyncio.gather(*found) if failure is not None]


async def orders_of_events(trials: int, seed: int) -> Result:
    """All orders there are, or `trials` of them where that is less."""
    began = time.monotonic()
    orders = all_orders()
    if trials < len(orders):
        orders = random.Random(seed).sample(orders, trials)
    async with open_place() as place:
        failures = await _tell_all(place, orders, Payment)
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
        naive = await _tell_all(place, orders, LastWord)
    report(NAME, failures)
    seconds = time.monotonic() - began
    return Result(NAME, len(orders), len(failures), seed, seconds, bool(naive))
