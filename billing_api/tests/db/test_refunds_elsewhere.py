"""Refunds nobody here asked for: made in the provider's cabinet, told of or found in its list."""

import json

import pytest
from billing_parts.provider import SECRET_KEY, SHOP_ID
from billing_parts.purse import read as shown
from structlog.testing import capture_logs

from billing.flows.compare_refunds import compare_refunds
from billing.flows.find_refunds import find_refunds
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.verify_books import verify_books
from billing.gateway.port import ProviderRefund, RefundList
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.inbox.rules import Arrival
from billing.platform.ids import new_id
from billing.platform.money import Money


@pytest.fixture
def hear(till):
    """The provider's word of its newest refund of the payment arrives, and is worked on."""

    async def call(payment, *, times=1):
        theirs = till.theirs(payment)[0]
        note = {"type": "notification", "event": "refund.succeeded", "object": theirs}
        for _ in range(times):
            arrival = Arrival(json.dumps(note).encode(), "127.0.0.53", str(new_id()))
            await receive_notification(till.database, till.clock, arrival)
            await process_notifications(till.database, till.gateway, till.clock)

    return call


@pytest.fixture
def refunds_of(rows):
    async def call(payment):
        return await rows(
            "SELECT status, origin, amount_minor, requested_by FROM refunds"
            " WHERE payment_id = :p ORDER BY id",
            p=payment.id,
        )

    return call


async def violations(database):
    return [check for check in await verify_books(database) if check.violations]


@pytest.mark.parametrize("told", [True, False])
async def test_one_of_the_cabinet_is_booked_once(till, purse, database, hear, refunds_of, told):
    payment = await till.take(1000)
    till.in_cabinet(payment, "4.00")
    if told:
        await hear(payment, times=3)
    else:
        await till.look()
    await till.look()
    assert await refunds_of(payment) == [
        {"status": "succeeded", "origin": "cabinet", "amount_minor": 400, "requested_by": None}
    ]
    assert await purse.parts() == (600, 0, 0, 0)
    assert (await till.payment(payment.id)).refunded_minor == 400
    assert await purse.journals() == ["payment", "cabinet_refund"]
    assert await violations(database) == []


async def test_what_the_balance_does_not_cover_the_customer_owes(till, purse, database):
    payment = await till.take(1000)
    await purse.charge(700)
    till.in_cabinet(payment)
    await till.look()
    assert await purse.parts() == (0, 0, 0, 700)
    await till.take(500)
    assert await purse.parts() == (0, 0, 0, 200)
    await till.take(500)
    assert await purse.parts() == (300, 0, 0, 0)
    assert await violations(database) == []


async def test_it_may_be_heard_of_before_its_payment(till, purse, hear, database):
    payment = await till.take(1000, seen=False)
    till.in_cabinet(payment, "4.00")
    await hear(payment)
    assert await purse.parts() == (600, 0, 0, 0)
    assert await violations(database) == []


async def test_ours_is_found_where_its_answer_was_lost(till, purse, hear, database, refunds_of):
    payment = await till.take(1000)
    till.fault("drop_after")
    refunded = await till.refund(payment, 400)
    assert refunded.answer.status == 202
    await hear(payment)
    assert (await till.read(refunded)).status == "succeeded"
    assert len(await refunds_of(payment)) == 1
    await till.work(minutes=5)
    assert len(till.theirs(payment)) == 1
    assert await purse.parts() == (600, 0, 0, 0)
    assert await violations(database) == []


async def test_one_of_the_cabinet_overtakes_ours(till, purse, database):
    """Ours is refused by the provider: together they would be more than was paid."""
    payment = await till.take(1000)
    till.fault("rate_429")
    ours = await till.refund(payment, 700)
    till.in_cabinet(payment, "8.00")
    await till.look()
    assert await purse.parts() == (0, 0, 700, 500)
    await till.work(seconds=6)
    assert (await till.read(ours)).status == "canceled"
    assert await purse.parts() == (200, 0, 0, 0)
    after = await till.payment(payment.id)
    assert (after.refunded_minor, after.refunding_minor) == (800, 0)
    assert await violations(database) == []


async def test_one_that_is_not_through_yet_is_found_when_it_is(till, purse, database):
    payment = await till.take(1000)
    till.fault("refund_pending", method="POST")
    till.in_cabinet(payment, "4.00")
    await till.look()
    assert await purse.parts() == (1000, 0, 0, 0)
    [theirs] = till.theirs(payment)
    till.sandbox.control(f"/refunds/{theirs['id']}/succeed")
    till.clock.advance(hours=2)
    await till.look()
    assert await purse.parts() == (600, 0, 0, 0)
    assert await violations(database) == []


class Claims(YooKassaGateway):
    """The same client; its list has one refund more than the provider made."""

    claim: ProviderRefund

    async def list_refunds(self, since, until, cursor=None, *, payment_id=None, seconds=10):
        page = await super().list_refunds(since, until, cursor, payment_id=payment_id)
        return RefundList([*page.items, self.claim], page.next_cursor)


@pytest.mark.parametrize("money", [Money(1001, "RUB"), Money(100, "USD"), None])
async def test_one_that_does_not_fit_is_told_and_not_booked(
    till, purse, database, refunds_of, money
):
    payment = await till.take(1000)
    account = YooKassaAccount(till.sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Claims(account) as claims:
        name, theirs = f"strange-{new_id()}", payment.provider_id
        claims.claim = ProviderRefund(name, "succeeded", money, theirs, None, None, None)
        with capture_logs() as lines:
            await find_refunds(database, claims, till.clock)
    told = [line for line in lines if line["event"] == "a refund does not fit"]
    assert [line["suite.object"] for line in told] == [name]
    assert await refunds_of(payment) == []
    assert await purse.parts() == (1000, 0, 0, 0)
    assert await violations(database) == []


async def test_the_comparison_sees_what_only_one_side_has(till, database, rows):
    before = await compare_refunds(database, till.gateway, till.clock, days=1)
    payment = await till.take(1000)
    till.in_cabinet(payment, "4.00")
    unknown = "the provider's refunds of our payments are known here"
    seen = await compare_refunds(database, till.gateway, till.clock, days=1)
    assert seen[unknown] == before[unknown] + 1
    await till.look()
    assert await compare_refunds(database, till.gateway, till.clock, days=1) == before
    assert shown(await till.refund(payment, 300))["status"] == "succeeded"
    assert await compare_refunds(database, till.gateway, till.clock, days=1) == before
