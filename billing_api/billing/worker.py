"""Billing's worker: loops over what stands in our tables, woken through PgQueuer, and chores.

Each loop takes what is due until nothing is; a wake-up only says "look now". Several workers may
run: what one has taken the others pass over.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from billing.flows.apply_hold_policy import apply_hold_policy
from billing.flows.claim_polls import claim_polls
from billing.flows.expire_holds import expire_holds
from billing.flows.expire_promo import expire_promo
from billing.flows.find_refunds import find_refunds
from billing.flows.poll_payment import poll_payment
from billing.flows.poll_refunds import poll_refunds
from billing.flows.process_notifications import process_notifications
from billing.flows.prune_leftovers import prune_leftovers
from billing.flows.recover_attempts import recover_attempts
from billing.flows.recover_refunds import recover_refunds
from billing.flows.seal_days import seal_days
from billing.gateway.port import PaymentGateway
from billing.platform.budget import Budget
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database
from billing.platform.heartbeat import beat
from billing.platform.wakeups import listen
from billing.wiring.parts import make_clock, make_gateway, open_database, start_logs

POLLS_AT_ONCE = 10
BEAT_SECONDS = 5
# Without the schedule (its database connection is lost) the loops still look, only less often.
LOOK_ANYWAY_SECONDS = 5
PAUSE_AFTER_ERROR_SECONDS = 1
TIDY_SECONDS = 3600
SEAL_SECONDS = 60
FIND_REFUNDS_SECONDS = 600
logger = structlog.get_logger("billing.worker")


@dataclass(frozen=True, slots=True)
class Tools:
    database: Database
    gateway: PaymentGateway
    clock: Clock
    hold_margin: timedelta
    repeats: Budget


@dataclass(slots=True)
class Loop:
    """One kind of work: `work` says how much it did, and is called again until it did nothing."""

    name: str
    work: Callable[[Tools], Awaitable[int]]
    due: asyncio.Event
    beaten_at: float = 0.0


async def read_inbox(tools: Tools) -> int:
    return await process_notifications(tools.database, tools.gateway, tools.clock)


async def recover(tools: Tools) -> int:
    return await recover_attempts(tools.database, tools.gateway, tools.clock, budget=tools.repeats)


async def go_on_with_refunds(tools: Tools) -> int:
    parts = tools.database, tools.gateway, tools.clock
    return await recover_refunds(*parts, budget=tools.repeats) + await poll_refunds(*parts)


async def poll_due(tools: Tools) -> int:
    due = await claim_polls(tools.database, tools.clock, POLLS_AT_ONCE)

    async def work(payment_id: UUID) -> None:
        await poll_payment(tools.database, tools.gateway, tools.clock, payment_id)

    await each(due, work, at_once=POLLS_AT_ONCE)
    return len(due)


async def expire(tools: Tools) -> int:
    """Holds and promotional money whose time is over."""
    holds = await expire_holds(tools.database, tools.clock)
    return holds + await expire_promo(tools.database, tools.clock)


async def decide_held(tools: Tools) -> int:
    return await apply_hold_policy(
        tools.database, tools.gateway, tools.clock, margin=tools.hold_margin
    )


async def tidy(tools: Tools) -> int:
    return await prune_leftovers(tools.database, tools.clock)


def make_loops() -> list[Loop]:
    kinds = (
        ("inbox", read_inbox),
        ("attempts", recover),
        ("polls", poll_due),
        ("refunds", go_on_with_refunds),
        ("expiries", expire),
        ("held", decide_held),
    )
    return [Loop(name, work, asyncio.Event()) for name, work in kinds]


async def seal(tools: Tools) -> int:
    return await seal_days(tools.database, tools.clock)


async def look_for_refunds(tools: Tools) -> int:
    return await find_refunds(tools.database, tools.gateway, tools.clock)


async def run_every(
    seconds: float, work: Callable[[Tools], Awaitable[int]], tools: Tools, stopping: asyncio.Event
) -> None:
    """At once after a start, then at this pace; what fails is logged and tried the next time."""
    while not stopping.is_set():
        await each([tools], work, at_once=1)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)


async def run_loop(loop: Loop, tools: Tools, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(loop.due.wait(), LOOK_ANYWAY_SECONDS)
        loop.due.clear()
        try:
            await _beat(loop, tools)
            while not stopping.is_set() and await loop.work(tools):
                await _beat(loop, tools)
        except Exception:
            # A loop that ends would leave money waiting: it says so and goes on.
            logger.exception("loop failed", **{"event.action": loop.name})
            await asyncio.sleep(PAUSE_AFTER_ERROR_SECONDS)


async def _beat(loop: Loop, tools: Tools) -> None:
    now = asyncio.get_running_loop().time()
    if now - loop.beaten_at < BEAT_SECONDS:
        return
    loop.beaten_at = now
    async with tools.database.begin() as session:
        await beat(session, loop.name, tools.clock.real_now())


async def run_worker(tools: Tools, queue_url: str, stopping: asyncio.Event) -> None:
    loops = make_loops()

    def look() -> None:
        for loop in loops:
            loop.due.set()

    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(run_loop(loop, tools, stopping))
        group.create_task(listen(queue_url, look, stopping))
        group.create_task(run_every(TIDY_SECONDS, tidy, tools, stopping))
        group.create_task(run_every(SEAL_SECONDS, seal, tools, stopping))
        group.create_task(run_every(FIND_REFUNDS_SECONDS, look_for_refunds, tools, stopping))
        await stopping.wait()
        look()


async def _main() -> None:
    settings = start_logs("billing-worker")
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        gateway = await stack.enter_async_context(make_gateway(settings))
        margin = timedelta(minutes=settings.hold_margin_minutes)
        repeats = Budget(settings.repeats_per_second)
        tools = Tools(database, gateway, make_clock(settings), margin, repeats)
        logger.info("worker started")
        task = asyncio.create_task(run_worker(tools, settings.billing_database_url, stopping))
        await stopping.wait()
        # What does not end by itself is cut: its lease runs out and another worker takes it.
        done, _ = await asyncio.wait({task}, timeout=8)
        if not done:
            task.cancel()
        await asyncio.wait({task}, timeout=1)


def main() -> None:
    asyncio.run(_main())


if __name__ == "__main__":
    main()
