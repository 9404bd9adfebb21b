"""The parent's side: a provider to steer, a clock for everyone, and the worker's steps."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import aiohttp
from sqlalchemy import text

from billing.flows.cancel_payment import cancel_payment
from billing.flows.capture_payment import capture_payment
from billing.flows.claim_polls import claim_polls
from billing.flows.create_payment import Created, create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.idempotency.problems import IdempotencyInProgress
from billing.inbox.rules import Arrival
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.crash_points import CrashPoint
from billing.platform.database import Database
from harness.acts import CREATORS, PROVIDER_SOURCE, Order, Site
from harness.forker import Forker
from harness.scenes import CANCEL, CAPTURE, HOUR, LEAVES_LEASE, Scene, Trial

AT_ONCE = 8
LEASES_LAST_SECONDS = 95
ROUNDS_MAX = 60
_PROVIDER_IDS = text("SELECT id, provider_id FROM payments WHERE id = ANY(:ids)")
_UNDECIDED = text("SELECT count(*) AS n FROM payments WHERE undecided")
_OPEN = text("SELECT count(*) AS n FROM payments WHERE status NOT IN ('succeeded', 'canceled')")
Item = TypeVar("Item")


async def gather(items: Iterable[Item], work: Callable[[Item], Awaitable[object]]) -> None:
    """Some at once; unlike the worker's `each`, what fails here fails the test."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def guarded(item: Item) -> None:
        async with gate:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for item in items:
            group.create_task(guarded(item))


class World:
    """A database, a sandbox and one time for both, for our processes and for those that die."""

    def __init__(self, site: Site, sandbox_url: str, clock_file: Path, log: Path) -> None:
        self.site = site
        self.clock = ManualClock(SystemClock().now())
        self.elapsed = 0
        self._sandbox_url, self._clock_file, self._log = sandbox_url, clock_file, log
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "World":
        self.database = Database(self.site.database_url)
        self._stack.push_async_callback(self.database.close)
        self.gateway = await self._stack.enter_async_context(self.site.gateway())
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.forker = self._stack.enter_context(Forker(self.site, self._log))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def advance(self, seconds: int) -> None:
        """The provider's clock too: its deadlines and the life of its keys pass with ours."""
        self.clock.advance(seconds=seconds)
        self.elapsed += seconds
        fresh = self._clock_file.with_suffix(".new")
        # What has really passed since the start runs on the provider's side by itself.
        ahead = self.clock.now() - SystemClock().now()
        fresh.write_text(json.dumps({"offset_seconds": round(ahead / timedelta(seconds=1))}))
        fresh.rename(self._clock_file)

    async def control(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self._sandbox_url}/_sandbox{path}"
        async with self._http.request(method, url, json=body) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def arm(self, mode: str, times: int) -> None:
        spec = {"method": "POST", "path": "/v3/payments", "mode": mode, "times": times}
        await self.control("POST", "/faults", spec)

    async def ask(self, trial: Trial) -> bool:
        """The client asks, once more in the same words; False: told that the first still runs."""
        order = trial.order(self.clock.now().isoformat())
        create = CREATORS[trial.scene.creator]
        try:
            answer = await create(
                self.database, self.gateway, self.clock, order.command, order.scope
            )
        except IdempotencyInProgress:
            return False
        trial.answers.append(answer)
        return True

    async def create(self, order: Order) -> Created:
        return await create_payment(
            self.database, self.gateway, self.clock, order.command, order.scope
        )

    async def decide(self, trial: Trial) -> bool:
        """The client asks for a part of what is held, or to have it given back; False: told that
        the first still runs.
        """
        order = trial.order(self.clock.now().isoformat())
        parts = self.database, self.gateway, self.clock
        try:
            if trial.scene.cancels:
                answer = await cancel_payment(*parts, *order.cancel)
            else:
                answer = await capture_payment(*parts, *order.capture)
        except IdempotencyInProgress:
            return False
        trial.captures.append(answer)
        return True

    async def pay(self, trials: list[Trial], theirs: dict[str, str]) -> None:
        """Each payer once, at the provider."""

        async def work(trial: Trial) -> None:
            await self.control("POST", f"/payments/{theirs[trial.answers[-1].payment_id]}/succeed")

        await gather(trials, work)

    async def provider_ids(self, trials: list[Trial]) -> dict[str, str]:
        """As we know them, by our id."""
        return await self.provider_ids_of([trial.payment_id for trial in trials])

    async def provider_ids_of(self, ids: list[UUID]) -> dict[str, str]:
        async with self.database.read() as session:
            rows = await session.all(_PROVIDER_IDS, {"ids": ids})
        return {str(row["id"]): row["provider_id"] for row in rows}

    async def found_ids(self) -> dict[str, str]:
        """As the provider knows them, by our id: for payments whose answer was lost."""
        newest = await self.control("GET", "/payments?limit=10000")
        return {item["metadata"]["payment_uid"]: item["id"] for item in newest["items"]}

    async def notify(self, bodies: list[str]) -> None:
        async def work(body: str) -> None:
            arrival = Arrival(body.encode(), PROVIDER_SOURCE, "delivered")
            await receive_notification(self.database, self.clock, arrival)

        await gather(bodies, work)

    async def work(self) -> None:
        """The worker's three loops, each until it finds nothing to do."""
        while await process_notifications(self.database, self.gateway, self.clock):
            pass
        while await recover_attempts(self.database, self.gateway, self.clock):
            pass
        while due := await claim_polls(self.database, self.clock, 50):

            async def poll(payment_id: Any) -> None:
                await poll_payment(self.database, self.gateway, self.clock, payment_id)

            await gather(due, poll)

    async def work_until_none(self, undecided_or_open: Any, pause: int) -> None:
        """Bounded: what does not end is left to the audit."""
        for _ in range(ROUNDS_MAX):
            await self.work()
            async with self.database.read() as session:
                row = await session.first(undecided_or_open)
            if row is None or row["n"] == 0:
                return
            self.advance(pause)


def notification_of(provider_id: str) -> str:
    return json.dumps(
        {"type": "notification", "event": "payment.succeeded", "object": {"id": provider_id}}
    )


async def run_round(world: World, scene: Scene, trials: list[Trial], chance: random.Random) -> None:
    """Prepare, kill, repeat, let the worker finish, let the payers pay and time run out."""
    theirs = await _prepare(world, scene, trials)
    await _kill(world, scene, trials, theirs)
    if scene.creates:
        await _insist(world, trials, world.ask, LEAVES_LEASE)
    if scene.two_stages:
        await _insist(world, trials, world.decide, frozenset({*CAPTURE[1:], *CANCEL[1:]}))
    world.advance(LEASES_LAST_SECONDS)
    await world.work_until_none(_UNDECIDED, LEASES_LAST_SECONDS)
    if not scene.paid:
        await _pay_and_notify(world, [t for t in trials if t.pays and not scene.unmade], chance)
    elif scene.act == "receive":
        # Not acknowledged: the provider sends the very same again.
        await world.notify([notification_of(theirs[t.answers[-1].payment_id]) for t in trials])
    world.advance(HOUR + 60)
    await world.work_until_none(_OPEN, 300)
    for _ in range(2):
        await gather(trials, world.ask)
        if scene.two_stages:
            await gather(trials, world.decide)


async def _insist(
    world: World,
    trials: list[Trial],
    again: Callable[[Trial], Awaitable[bool]],
    leaves_lease: frozenset[CrashPoint],
) -> None:
    """Whose answer never came asks again: at once, and when the dead one's lease is out."""
    refused: list[Trial] = []

    async def ask(trial: Trial) -> None:
        if not await again(trial):
            refused.append(trial)

    await gather(trials, ask)
    assert all(trial.point in leaves_lease for trial in refused)
    refused.clear()
    world.advance(25)
    await gather(trials, ask)
    assert not refused, "a dead request holds its key for longer than its lease"


async def _prepare(world: World, scene: Scene, trials: list[Trial]) -> dict[str, str]:
    if scene.fault:
        await world.arm(scene.fault, len(trials))
    if scene.creates:
        return {}
    await gather(trials, world.ask)
    theirs: dict[str, str] = {}
    if scene.paid:
        theirs = await world.found_ids()
        await world.pay(trials, theirs)
    if scene.noticed:
        await world.notify([notification_of(theirs[t.answers[-1].payment_id]) for t in trials])
    if scene.seconds:
        world.advance(scene.seconds)
    return theirs


async def _kill(world: World, scene: Scene, trials: list[Trial], theirs: dict[str, str]) -> None:
    now = world.clock.now().isoformat()
    orders = []
    for trial in trials:
        body = ""
        if scene.act == "receive":
            body = notification_of(theirs[trial.answers[-1].payment_id])
        orders.append(trial.order(now, body))
    signals = await asyncio.to_thread(world.forker.kill, orders)
    for trial, signal in zip(trials, signals, strict=True):
        trial.signal = signal
    await world.control("DELETE", "/faults")


async def _pay_and_notify(world: World, payers: list[Trial], chance: random.Random) -> None:
    """Some notifications are lost: the polls must find those."""
    if not payers:
        return
    theirs = await world.provider_ids(payers)
    await world.pay(payers, theirs)
    bodies = [notification_of(theirs[t.answers[-1].payment_id]) for t in payers if t.noticed]
    bodies += chance.sample(bodies, len(bodies) // 3)
    await world.notify(bodies)
