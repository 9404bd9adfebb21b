"""The sandbox's parts, wired once and handed to every route."""

import asyncio
from dataclasses import dataclass

import structlog

from sandbox.clock import Clock
from sandbox.deliveries import Deliveries
from sandbox.faults import Faults
from sandbox.idempotence import Idempotence
from sandbox.notifier import Notifier
from sandbox.payments import Payments
from sandbox.refunds import Refunds
from sandbox.settings import Settings
from sandbox.state import State

log = structlog.get_logger("sandbox")


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything a request may need."""

    settings: Settings
    clock: Clock
    state: State
    faults: Faults
    deliveries: Deliveries
    notifier: Notifier
    payments: Payments
    refunds: Refunds
    idempotence: Idempotence
    stopping: asyncio.Event


def build_suite(settings: Settings) -> Suite:
    """Opens the state file and resumes whatever was under way."""
    clock = Clock(settings.business_clock_file)
    state = State(settings.state_file)
    faults = Faults(state)
    deliveries = Deliveries(state, settings.redelivery_offsets)
    notifier = Notifier(settings, clock, deliveries, faults)
    payments = Payments(state, settings, clock, notifier.publish)
    refunds = Refunds(
        state,
        settings,
        clock,
        payments=payments,
        publish=notifier.publish,
        switch=faults.take_for_refund,
    )
    return Suite(
        settings=settings,
        clock=clock,
        state=state,
        faults=faults,
        deliveries=deliveries,
        notifier=notifier,
        payments=payments,
        refunds=refunds,
        idempotence=Idempotence(state, settings, clock),
        stopping=asyncio.Event(),
    )


async def sweep_forever(suite: Suite) -> None:
    """Deadlines each second, old keys each minute."""
    ticks = 0
    while True:
        try:
            suite.payments.sweep()
            suite.refunds.sweep()
            if ticks % 60 == 0:
                suite.idempotence.forget_old()
        except Exception:  # the sweeper outlives whatever one row does
            log.exception("sweep failed")
        ticks += 1
        await asyncio.sleep(1)
