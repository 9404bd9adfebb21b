"""Deaths in the middle of a refund: prepare, kill, ask again, let the worker finish, and count."""

import asyncio
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text

from billing.flows.compare_refunds import compare_refunds
from billing.flows.find_refunds import find_refunds
from billing.flows.poll_payment import poll_payment
from billing.flows.poll_refunds import poll_refunds
from billing.flows.process_notifications import process_notifications
from billing.flows.recover_refunds import recover_refunds
from billing.flows.verify_books import verify_books
from billing.idempotency.problems import IdempotencyInProgress
from billing.idempotency.rules import Answered
from billing.platform.crash_points import CrashPoint
from harness.acts import Order
from harness.debits import DEBITS, Debit
from harness.refunds import REFUNDS, refund
from harness.scenes import RECOVER
from harness.world import LEASES_LAST_SECONDS, World, gather

P = CrashPoint
ROUND_MAX = 60
HOUR = 3600
CARD = (
    *(P.REFUND_INTENT_WRITTEN, P.REFUND_INTENT_KEPT, P.REFUND_ANSWERED),
    *(P.REFUND_MOVED, P.REFUND_SETTLED, P.REFUND_DONE),
)
ONCE = (P.ONCE_BEGUN, P.ONCE_POSTED, P.ONCE_WRITTEN, P.ONCE_DONE)
INBOX = (P.INBOX_CLAIMED, P.INBOX_SEEN, P.INBOX_APPLIED, P.INBOX_DONE)
_REFUNDS = text("""
    SELECT r.status, r.amount_minor, b.paid_minor, b.held_minor, b.receivable_minor,
           p.refunded_minor, p.refunding_minor, r.undecided
    FROM payments p JOIN customer_balances b USING (customer_id, currency)
    LEFT JOIN refunds r ON r.payment_id = p.id WHERE p.id = :id
""")
_LEFT = text("""
    SELECT (SELECT count(*) FROM refunds WHERE status = 'pending')
         + (SELECT count(*) FROM inbox WHERE outcome IS NULL) AS n
""")


@dataclass(frozen=True)
class RefundScene:
    """`fault` meets the first call: of the dying act, or before it where another act dies.

    `given` False: the provider never makes it.
    """

    name: str
    act: str
    points: tuple[CrashPoint, ...]
    fault: str | None = None
    seconds: int = 0
    given: bool = True

    @property
    def asks(self) -> bool:
        return self.act in REFUNDS


SCENES = (
    RefundScene("refund to card", "refund to card", CARD),
    RefundScene("refund to card, answer lost", "refund to card", CARD[2:3], fault="drop_after"),
    RefundScene("refund to balance", "refund to balance", ONCE),
    RefundScene("cabinet", "inbox", INBOX),
    RefundScene("repeat", "recover refunds", (*RECOVER, P.RECOVERY_COUNTED), "error_500_after", 10),
    RefundScene(
        "repeat of what never arrived",
        "recover refunds",
        (*RECOVER, P.RECOVERY_COUNTED, P.REFUND_MOVED),
        "drop_before",
        10,
    ),
    RefundScene("try anew", "recover refunds", (*RECOVER, P.RECOVERY_RENEWED), "rate_429", 10),
    RefundScene("look for", "recover refunds", RECOVER, "html_504", 24 * HOUR),
    RefundScene("look in vain", "recover refunds", RECOVER, "error_500_before", 26 * HOUR, False),
)
CONTROL = (RefundScene("naive", "naive refund", (P.REFUND_ANSWERED,)),)


@dataclass
class RefundTrial:
    scene: RefundScene
    point: CrashPoint
    customer: str
    minor: int
    part: int
    payment_id: str = ""
    provider_id: str = ""
    signal: int = 0
    answers: list[Answered] = field(default_factory=list)
    facts: list[Any] = field(default_factory=list)
    theirs: list[Any] = field(default_factory=list)

    @property
    def debit(self) -> Debit:
        return Debit(self.customer, self.part, self.payment_id)

    def order(self, now: str) -> Order:
        return Order(
            self.scene.act,
            self.point.name,
            now,
            self.customer,
            self.part,
            object_id=self.payment_id,
        )


def plan_refunds(
    scenes: Sequence[RefundScene], count: int, chance: random.Random
) -> list[RefundTrial]:
    """Every point of every scene equally often."""
    pairs = [(scene, point) for scene in scenes for point in scene.points]
    trials = []
    for number in range(count):
        scene, point = pairs[number % len(pairs)]
        minor = chance.randrange(1000, 35_000_000)
        part = chance.randrange(100, minor // 3)  # so that another would be possible
        customer = str(UUID(int=chance.getrandbits(128)))
        trials.append(RefundTrial(scene, point, customer, minor, part))
    return trials


async def run_refunds(world: World, trials: list[RefundTrial]) -> None:
    for scene in dict.fromkeys(trial.scene for trial in trials):
        mine = [trial for trial in trials if trial.scene == scene]
        for start in range(0, len(mine), ROUND_MAX):
            await _round(world, scene, mine[start : start + ROUND_MAX])


async def _round(world: World, scene: RefundScene, trials: list[RefundTrial]) -> None:
    await gather(trials, lambda trial: _take(world, trial))
    world.advance(15)
    await gather(trials, lambda trial: _learn(world, trial))
    if scene.name == "cabinet":
        await gather(trials, lambda trial: _in_cabinet(world, trial))
    if scene.fault:
        spec = {"method": "POST", "path": "/v3/refunds", "mode": scene.fault, "times": len(trials)}
        await world.control("POST", "/faults", spec)
    if scene.act == "recover refunds":
        await gather(trials, lambda trial: _ask(world, trial))
        await world.control("DELETE", "/faults")
        world.advance(scene.seconds)
    now = world.clock.now().isoformat()
    orders = [trial.order(now) for trial in trials]
    signals = await asyncio.to_thread(world.forker.kill, orders)
    for trial, signal in zip(trials, signals, strict=True):
        trial.signal = signal
    await world.control("DELETE", "/faults")
    if scene.name == "cabinet":
        await _finish(world)
        await gather(trials, lambda trial: _look(world, trial))
        return
    if scene.asks:
        await gather(trials, lambda trial: _ask(world, trial))
    await _finish(world)
    for _ in range(2):
        await gather(trials, lambda trial: _ask(world, trial))
    await gather(trials, lambda trial: _look(world, trial))


async def _take(world: World, trial: RefundTrial) -> None:
    order = Order("create", "", "", trial.customer, trial.minor)
    made = await world.create(order)
    trial.payment_id = made.payment_id


async def _learn(world: World, trial: RefundTrial) -> None:
    ids = await world.provider_ids_of([UUID(trial.payment_id)])
    trial.provider_id = ids[trial.payment_id]
    await world.control("POST", f"/payments/{trial.provider_id}/succeed")
    payment = await poll_payment(world.database, world.gateway, world.clock, UUID(trial.payment_id))
    assert payment.status == "succeeded"
    if trial.scene.act == "refund to balance":
        await DEBITS["charge"](world.database, world.clock, Debit(trial.customer, trial.minor, ""))


async def _in_cabinet(world: World, trial: RefundTrial) -> None:
    amount = {"value": f"{trial.part // 100}.{trial.part % 100:02}", "currency": "RUB"}
    body = {"payment_id": trial.provider_id, "amount": amount}
    made = await world.control("POST", "/refunds", body)
    note = {"type": "notification", "event": "refund.succeeded", "object": made}
    await world.notify([json.dumps(note)])


async def _ask(world: World, trial: RefundTrial) -> None:
    """The client, once more in the same words."""
    act = REFUNDS.get(trial.scene.act, refund)
    try:
        answer = await act(world.database, world.gateway, world.clock, trial.debit)
    except IdempotencyInProgress:
        return
    trial.answers.append(answer)


async def _finish(world: World) -> None:
    """Until no refund is open, and bounded: what does not end is left to the audit."""
    for _ in range(60):
        world.advance(LEASES_LAST_SECONDS)
        while await process_notifications(world.database, world.gateway, world.clock):
            pass
        while await recover_refunds(world.database, world.gateway, world.clock):
            pass
        while await poll_refunds(world.database, world.gateway, world.clock):
            pass
        async with world.database.read() as session:
            [left] = await session.all(_LEFT)
        if not left["n"]:
            break
    await find_refunds(world.database, world.gateway, world.clock)


async def _look(world: World, trial: RefundTrial) -> None:
    async with world.database.read() as session:
        trial.facts = list(await session.all(_REFUNDS, {"id": UUID(trial.payment_id)}))
    shown = await world.control("GET", f"/refunds?payment_id={trial.provider_id}")
    trial.theirs = shown["items"]


async def audit_refunds(world: World, trials: list[RefundTrial]) -> list[str]:
    """A sentence for each thing that is not as it must be."""
    failures = [
        f"{trial.scene.name} / {trial.point.name} / {trial.customer}: {what}"
        for trial in trials
        for what in _judge(trial)
    ]
    for check in await verify_books(world.database):
        failures += [f"books: {check.name}"] * check.violations
    days = world.elapsed // 86_400 + 1
    compared = await compare_refunds(world.database, world.gateway, world.clock, days=days)
    for name, count in compared.items():
        failures += [f"provider: {name}"] * count
    return failures


def _judge(trial: RefundTrial) -> Iterator[str]:
    if trial.signal != 9:
        yield f"the process did not die at its point, but by {trial.signal}"
    given = trial.part if trial.scene.given else 0
    card = trial.scene.act != "refund to balance"
    if len(trial.facts) != 1 or trial.facts[0]["status"] is None:
        yield f"{len(trial.facts)} refunds instead of one"
        return
    [kept] = trial.facts
    if (kept["status"] == "succeeded") != trial.scene.given or kept["undecided"]:
        yield f"the refund is {kept['status']}"
    expected = (trial.minor - given if card else given, 0, 0, given, 0)
    seen = tuple(kept[name] for name in _MONEY)
    if seen != expected:
        yield f"{seen} instead of {expected}"
    at_provider = [item["amount"]["value"] for item in trial.theirs]
    if len(at_provider) != int(card and trial.scene.given):
        yield f"{at_provider} given back by the provider"
    if trial.scene.name != "cabinet":
        *_, before_last, last = trial.answers
        if (last.answer.status, last.replayed) != (201, True) or last.answer != before_last.answer:
            yield f"the last answer is {last.answer.status}, replayed: {last.replayed}"


_MONEY = ("paid_minor", "held_minor", "receivable_minor", "refunded_minor", "refunding_minor")
