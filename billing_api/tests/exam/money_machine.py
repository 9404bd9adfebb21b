"""The machine of the balance with payments and refunds: to the card, back to the balance, and those
of the cabinet, in any order and with any word of the provider.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing_parts.purse import Purse
from billing_parts.refunding import Till
from hypothesis import strategies as some
from hypothesis.stateful import Bundle, multiple, rule

from billing.flows.settle_seen_refund import settle_seen_refund
from billing.gateway.port import ProviderRefund, RefundAccepted, RefundOutcome, Unknown
from billing.gateway.yookassa.client import YooKassaGateway
from billing.payments.queries import get_payment
from billing.platform.ids import new_id
from billing.platform.money import Money, parse_minor
from exam.machine import MINOR, PART, BalanceMachine, play
from exam.money_oracle import Came, MoneyOracle, OpenRefund
from exam.naive_purse import Keyless
from exam.payments import SHOP
from exam.result import Result, report

NAME = "state machine"
CONTROL_MACHINES = 60
# Amounts at the edge of what is left, of what stays there and of what was spent, and just beyond.
EDGES = some.sampled_from((None, 0, 100, -100))
BEYOND = some.one_of(some.none(), some.integers(-1, 1))
WORDS = some.sampled_from(("succeeded", "pending", "canceled", "silence"))


class Says(YooKassaGateway):
    """The client of a provider that says what it is told to say of the next refund."""

    def __init__(self) -> None:
        self.word = "silence"

    @property
    def shop(self) -> Any:
        return SHOP

    async def create_refund(self, key: UUID, body: bytes, *, seconds: float) -> RefundOutcome:
        if self.word == "silence":
            return Unknown("silence")
        asked = json.loads(body)
        minor = parse_minor(asked["amount"]["value"], "RUB")
        uid = asked["metadata"]["refund_uid"]
        return RefundAccepted(of_ours(uid, asked["payment_id"], minor, self.word))


def of_ours(uid: str, payment_id: str, minor: int, word: str) -> ProviderRefund:
    money, why = Money(minor, "RUB"), "insufficient_funds" if word == "canceled" else None
    return ProviderRefund(f"r-{uid}", word, money, payment_id, uid, None, why)


@dataclass(frozen=True, eq=False)
class Paid:
    """A payment in the service and in the oracle."""

    id: UUID
    ours: Came


@dataclass(frozen=True, eq=False)
class Going:
    """A refund of ours that the provider has not ended, in both."""

    id: UUID
    payment: Paid
    ours: OpenRefund


class MoneyMachine(BalanceMachine):
    oracle_of = MoneyOracle
    payments, refunds = Bundle("payments"), Bundle("refunds")

    def __init__(self) -> None:
        super().__init__()
        assert isinstance(self.oracle, MoneyOracle)
        self.money, self.provider, place = self.oracle, Says(), self.bank.place
        customer = self.purse.customer
        self.till = Till(place.database, self.provider, place.clock, None, customer)  # type: ignore[arg-type]

    @rule(target=payments, minor=MINOR)
    def top_up(self, minor: int) -> Paid:
        return Paid(self.pay(minor), self.money.pay(minor))

    @rule(target=refunds, paid=payments, minor=PART, word=WORDS, edge=EDGES, by=BEYOND)
    def refund(self, paid: Paid, minor: int | None, word: str, edge: int | None, by: int | None):
        """`edge`: how much stays on the payment, or goes where it is below zero."""
        if edge is not None and by is not None:
            minor = max(0, -edge if edge < 0 else paid.ours.left - edge) + by
        self.provider.word = word
        payment = self._read(paid)
        made: list[OpenRefund | None] = []
        self._do(
            lambda key: self.till.refund(payment, minor, key=key),
            lambda: made.append(self.money.refund(paid.ours, minor, word)),
        )
        if not made or self.last is None:
            return multiple()
        refund, (_, answered) = made[0], self.last
        if answered.answer.status == 202:
            self.last = None  # not an answer for good: a repeat shows the refund as it is
        return multiple() if refund is None else Going(answered.object_id, paid, refund)

    @rule(going=refunds, word=some.sampled_from(("succeeded", "pending", "canceled")))
    def hear(self, going: Going, word: str) -> None:
        """By a notification, a poll or the list; once it is over only its own word again."""
        if not going.ours.is_open:
            return
        theirs = f"theirs-{going.payment.id}"
        self._tell(of_ours(str(going.id), theirs, going.ours.minor, word))
        if word != "pending":
            self.money.end(going.ours, word)

    @rule(paid=payments, minor=MINOR)
    def refund_in_the_cabinet(self, paid: Paid, minor: int) -> None:
        if minor > paid.ours.left:
            return
        money, theirs = Money(minor, "RUB"), f"theirs-{paid.id}"
        news = ProviderRefund(f"c-{new_id()}", "succeeded", money, theirs, None, None, None)
        for _ in range(2):
            self._tell(news)
        self.money.cabinet(paid.ours, minor)

    @rule(paid=payments, minor=PART, by=BEYOND)
    def give_back(self, paid: Paid, minor: int | None, by: int | None) -> None:
        if by is not None:
            minor = max(1, self.money.spent(paid.ours) + by)
        payment = self._read(paid)
        self._do(
            lambda key: self.till.give_back(payment, minor, key=key),
            lambda: self.money.give_back(paid.ours, minor),
        )

    def _tell(self, news: ProviderRefund) -> None:
        place, now = self.bank.place, self.clock.now()
        self.bank.ask.run(
            place.database.transact(lambda session: settle_seen_refund(session, news, now))
        )

    def _read(self, paid: Paid) -> Any:
        async def read() -> Any:
            async with self.bank.place.database.read() as session:
                return await get_payment(session, paid.id, None)

        return self.bank.ask.run(read())


async def state_machine(trials: int, seed: int) -> Result:
    """`trials` machines of up to 30 steps each."""
    began = time.monotonic()
    failures = await asyncio.to_thread(play, MoneyMachine, trials, seed, Purse, shrinks=True)
    report(NAME, failures)
    naive = await asyncio.to_thread(
        play, BalanceMachine, CONTROL_MACHINES, seed, Keyless, shrinks=False
    )
    seconds = time.monotonic() - began
    return Result(NAME, trials, len(failures), seed, seconds, bool(naive))
