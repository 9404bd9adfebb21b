"""A worker that stood still for longer than its lease finds that the world went on without it."""

import asyncio
import threading
from datetime import timedelta
from uuid import UUID

import pytest
from billing_parts.provider import SECRET_KEY, SHOP_ID

from billing.flows.recover_attempts import recover_attempts
from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_later import NotThere
from billing.gateway.port import Refused
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.rules import PaymentStatus
from billing.platform.clock import ManualClock
from billing.platform.crash_points import CrashPoint, arm_crash_points
from billing.platform.database import Database

FOR_GOOD = Refused("invalid_request", "", temporary=False)


@pytest.fixture
def stalled_at():
    """At its first passing of the point this process stands still while another one works."""

    def arm(point, other):
        waiting = [point]

        def hook(passed):
            if passed in waiting:
                waiting.clear()
                thread = threading.Thread(target=lambda: asyncio.run(other()))
                thread.start()
                thread.join()

        arm_crash_points(hook)

    yield arm
    arm_crash_points(None)


@pytest.fixture
def another_process(urls, sandbox, clock):
    """Its own connections, a clock two minutes ahead: every lease of ours is over."""

    def make(work):
        async def run():
            database = Database(urls.service)
            account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
            async with YooKassaGateway(account) as gateway:
                later = ManualClock(clock.now() + timedelta(minutes=2))
                await work(database, gateway, later)
            await database.close()

        return run

    return make


@pytest.mark.parametrize("outcome", [FOR_GOOD, NotThere()])
@pytest.mark.parametrize("fault", ["drop_before", "rate_429"])
async def test_what_ended_meanwhile_is_not_sent_again(
    fault,
    outcome,
    create,
    read,
    rows,
    sandbox,
    stalled_at,
    another_process,
    database,
    gateway,
    clock,
):
    sandbox.fault(fault)
    payment_id = UUID((await create()).payment_id)
    sandbox.calm()
    [attempt] = await rows("SELECT id FROM payment_attempts WHERE payment_id = :p", p=payment_id)

    async def end_it(other_database, other_gateway, later):
        async with other_database.begin() as session:
            await settle_attempt(
                session, payment_id, attempt["id"], outcome,
                shop=other_gateway.shop, now=later.now(),
            )  # fmt: skip

    clock.advance(minutes=10)
    stalled_at(CrashPoint.RECOVERY_CLAIMED, another_process(end_it))
    await recover_attempts(database, gateway, clock, limit=1000)
    assert (await read(payment_id)).status is PaymentStatus.CANCELED
    assert sandbox.payments_of(payment_id) == []
    states = await rows("SELECT state FROM payment_attempts WHERE payment_id = :p", p=payment_id)
    assert {row["state"] for row in states} <= {"refused", "lost"}


async def test_two_workers_on_one_attempt_make_one_payment(
    create, read, rows, sandbox, stalled_at, another_process, database, gateway, clock
):
    sandbox.fault("drop_before")
    payment_id = UUID((await create()).payment_id)
    sandbox.calm()

    async def recover(other_database, other_gateway, later):
        await recover_attempts(other_database, other_gateway, later, limit=1000)

    clock.advance(minutes=10)
    stalled_at(CrashPoint.RECOVERY_CLAIMED, another_process(recover))
    await recover_attempts(database, gateway, clock, limit=1000)
    payment = await read(payment_id)
    assert [item["id"] for item in sandbox.payments_of(payment_id)] == [payment.provider_id]
    [attempt] = await rows(
        "SELECT state, sends FROM payment_attempts WHERE payment_id = :p", p=payment_id
    )
    assert (attempt["state"], attempt["sends"]) == ("accepted", 2), "sent once more, not twice"


async def test_a_key_from_the_future_is_looked_for_and_never_sent(
    create, read, rows, sandbox, database, gateway, clock
):
    """The clock was set back: how old the key really is, nobody knows."""
    sandbox.fault("error_500_after")
    payment_id = UUID((await create()).payment_id)
    sandbox.calm()
    clock.advance(hours=-3)
    await recover_attempts(database, gateway, clock, limit=1000)
    while await recover_attempts(database, gateway, clock, limit=1000):
        pass
    payment = await read(payment_id)
    assert payment.provider_id is not None
    [attempt] = await rows("SELECT sends FROM payment_attempts WHERE payment_id = :p", p=payment_id)
    assert attempt["sends"] == 1
