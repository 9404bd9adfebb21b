"""Notifications as received: kept, worked on once, never believed."""

import asyncio

import pytest

from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.inbox.rules import Arrival
from billing.payments.rules import PaymentStatus
from billing.platform.ids import new_id
from billing.platform.strict_json import dump_json


@pytest.fixture
def notify(database, clock, gateway):
    async def call(provider_id, event="payment.succeeded", **more):
        body = dump_json(
            {"type": "notification", "event": event, "object": {"id": provider_id, **more}}
        )
        await receive_notification(database, clock, Arrival(body, "127.0.0.53", "r"))
        await process_notifications(database, gateway, clock)

    return call


async def test_a_notification_whose_creation_answer_was_lost_finds_its_payment(
    create, read, sandbox, notify, rows, books, database, gateway, clock
):
    sandbox.fault("error_500_after")
    created = await create()
    [theirs] = sandbox.payments_of(created.payment_id)
    sandbox.succeed(theirs["id"])
    await notify(theirs["id"])
    payment = await read(created.payment_id)
    assert payment.status is PaymentStatus.SUCCEEDED
    assert not payment.undecided
    assert await books() == (134200, 1)
    clock.advance(seconds=10)
    await recover_attempts(database, gateway, clock)
    [attempt] = await rows(
        "SELECT state, sends FROM payment_attempts WHERE payment_id = :p", p=payment.id
    )
    assert (attempt["state"], attempt["sends"]) == ("accepted", 1)


async def test_a_notification_of_an_unknown_payment_is_kept_without_effect(notify, rows):
    unknown = str(new_id())
    await notify(unknown)
    [row] = await rows("SELECT outcome FROM inbox WHERE object_id = :o", o=unknown)
    assert row["outcome"] == "unknown_payment"


@pytest.mark.parametrize("event", ["payment_method.active", "payout.succeeded", "something.new"])
async def test_events_we_do_not_act_on_are_kept(event, notify, rows):
    unknown = str(new_id())
    await notify(unknown, event)
    [row] = await rows("SELECT outcome FROM inbox WHERE object_id = :o", o=unknown)
    assert row["outcome"] == "ignored"


async def test_repeats_of_a_notification_are_counted_not_kept_again(
    create, read, sandbox, notify, rows, books
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    for _ in range(3):
        await notify(payment.provider_id)
    [row] = await rows("SELECT copies FROM inbox WHERE object_id = :o", o=payment.provider_id)
    assert row["copies"] == 3
    assert await books() == (134200, 1)


async def test_a_notification_waits_while_the_provider_is_down(
    create, read, sandbox, notify, rows, database, gateway, clock, books
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    sandbox.fault("html_503", method="GET")
    await notify(payment.provider_id)
    [row] = await rows("SELECT outcome FROM inbox WHERE object_id = :o", o=payment.provider_id)
    assert row["outcome"] is None
    clock.advance(seconds=3)
    await process_notifications(database, gateway, clock)
    assert await books() == (134200, 1)


async def test_a_crash_between_keeping_and_working_loses_nothing(
    create, read, sandbox, database, gateway, clock, books
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    sandbox.fault("slow", method="GET", delay=3)
    body = dump_json({"event": "payment.succeeded", "object": {"id": payment.provider_id}})
    await receive_notification(database, clock, Arrival(body, "127.0.0.53", "r"))
    working = asyncio.create_task(process_notifications(database, gateway, clock))
    await asyncio.sleep(0.5)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    await process_notifications(database, gateway, clock)
    assert await books() == (0, 0), "the dead worker's lease still holds"
    clock.advance(seconds=91)
    await process_notifications(database, gateway, clock)
    assert await books() == (134200, 1)
