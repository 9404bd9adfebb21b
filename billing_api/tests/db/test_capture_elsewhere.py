"""Captured in the provider's own cabinet, refused there, or another amount than we asked for."""

from dataclasses import replace

import httpx
import pytest
from billing_parts.canceling import provider_status, work
from billing_parts.provider import SECRET_KEY, SHOP_ID

from billing.flows.compare_provider import compare_provider
from billing.flows.poll_payment import poll_payment
from billing.flows.settle_payment import settle_payment
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.problems import CaptureRefused
from billing.payments.rules import PaymentStatus
from billing.platform.ids import new_id
from billing.platform.money import Money

PART = 50000


@pytest.fixture
def account(sandbox):
    return YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)


async def take_in_cabinet(sandbox, provider_id, value=None):
    body = {} if value is None else {"amount": {"value": value, "currency": "RUB"}}
    headers = {"Idempotence-Key": str(new_id())}
    async with httpx.AsyncClient(auth=(SHOP_ID, SECRET_KEY)) as cabinet:
        answer = await cabinet.post(
            f"{sandbox.api}/payments/{provider_id}/capture", json=body, headers=headers
        )
    assert answer.status_code == 200, answer.text


async def test_a_refusal_of_the_provider_is_said_and_leaves_the_money_on_hold(
    two_stages, capture, account, read
):
    payment = await two_stages()

    class Wrong(YooKassaGateway):
        async def capture_payment(self, key, provider_id, body, *, seconds):
            more = b'{"amount": {"value": "9999.00", "currency": "RUB"}}'
            return await super().capture_payment(key, provider_id, more, seconds=seconds)

    async with Wrong(account) as wrong:
        with pytest.raises(CaptureRefused) as refused:
            await capture(payment.id, PART, through=wrong)
    assert refused.value.code == "capture_refused"
    stored = await read(payment.id)
    assert (stored.status, stored.capture_wish_minor) == ("waiting_for_capture", None)
    assert (await capture(payment.id, PART)).answer.status == 200


async def test_a_part_taken_in_the_cabinet_is_a_fact(
    two_stages, sandbox, database, gateway, clock, books
):
    payment = await two_stages()
    await take_in_cabinet(sandbox, payment.provider_id, "200.00")
    clock.advance(seconds=30)
    settled = await poll_payment(database, gateway, clock, payment.id)
    assert (settled.status, settled.captured_minor) == ("succeeded", 20000)
    assert await books() == (20000, 1)


async def test_refused_because_the_cabinet_was_quicker_it_is_the_cabinets_part_that_counts(
    two_stages, capture, sandbox, account, read, books, database, gateway, clock
):
    """Taken in the cabinet between our wish and our call."""
    payment = await two_stages()

    class Late(YooKassaGateway):
        async def capture_payment(self, key, provider_id, body, *, seconds):
            await take_in_cabinet(sandbox, provider_id, "200.00")
            return await super().capture_payment(key, provider_id, body, seconds=seconds)

    async with Late(account) as late:
        with pytest.raises(CaptureRefused):
            await capture(payment.id, PART, through=late)
    # The refused first send dropped the wish: what was taken there is a fact of the cabinet.
    assert (await read(payment.id)).capture_wish_minor is None
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    assert await books() == (20000, 1)


async def test_an_object_that_took_another_part_than_the_open_wish_is_quarantined(
    two_stages, capture, sandbox, database, gateway, clock, read, books
):
    payment = await two_stages()
    sandbox.fault("error_500_before")
    assert (await capture(payment.id, PART)).answer.status == 202
    seen = (await gateway.find_payment(payment.provider_id)).payment
    other = replace(seen, status="succeeded", amount=Money(PART - 1, "RUB"))
    async with database.begin() as session:
        await settle_payment(session, payment.id, other, gateway.shop, clock.now())
    assert (await read(payment.id)).quarantine_reason == "amount_mismatch"
    assert await books() == (0, 0)


async def test_asked_to_cancel_while_a_capture_waits_the_money_goes_back(
    two_stages, capture, cancel, sandbox, database, gateway, clock, read, books
):
    payment = await two_stages()
    sandbox.fault("rate_429")
    assert (await capture(payment.id)).answer.status == 202
    assert (await cancel(payment.id)).answer.status == 202
    await work(database, gateway, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    assert provider_status(sandbox, payment) == "canceled"
    assert await books() == (0, 0)


async def test_both_sides_agree_on_what_was_taken(two_stages, capture, database, gateway, clock):
    payment = await two_stages()
    before = await compare_provider(database, gateway, clock, days=1)
    await capture(payment.id, PART)
    after = await compare_provider(database, gateway, clock, days=1)
    assert after["both sides agree on the amount"] == before["both sides agree on the amount"]
