"""Asking the provider: bounded, by a calendar, and whatever the clock does."""

import asyncio
from uuid import UUID

from billing.flows.claim_polls import claim_polls
from billing.flows.poll_payment import poll_payment
from billing.payments.rules import PaymentStatus


async def test_asking_is_bounded_however_many_ask(create, read, sandbox, database, gateway, clock):
    payment = await read((await create()).payment_id)
    sandbox.fault("html_502", method="GET", times=1)
    clock.advance(seconds=5)
    found = await asyncio.gather(
        *(poll_payment(database, gateway, clock, payment.id) for _ in range(6))
    )
    assert {item.status for item in found} == {PaymentStatus.PENDING}
    sandbox.succeed(payment.provider_id)
    assert (await poll_payment(database, gateway, clock, payment.id)).status == "pending"
    clock.advance(seconds=2)
    assert (await poll_payment(database, gateway, clock, payment.id)).status == "succeeded"


async def test_a_clock_set_back_does_not_stop_the_asking(
    create, read, sandbox, database, gateway, clock
):
    payment = await read((await create()).payment_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    sandbox.succeed(payment.provider_id)
    clock.advance(hours=-1)
    assert (await poll_payment(database, gateway, clock, payment.id)).status == "succeeded"


async def test_polls_come_due_by_their_calendar(create, read, database, clock):
    payment_id = UUID((await create()).payment_id)
    assert payment_id not in await claim_polls(database, clock, 100)
    clock.advance(seconds=11)
    assert payment_id in await claim_polls(database, clock, 100)
    assert payment_id not in await claim_polls(database, clock, 100)
    clock.advance(days=-40)
    assert payment_id in await claim_polls(database, clock, 100), "the clock was moved back"
