"""Canceling what the provider holds: the money goes back once, whatever the provider answers."""

import asyncio

import httpx
import pytest
from billing_parts.canceling import provider_status, shown, work
from billing_parts.provider import SECRET_KEY, SHOP_ID

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.poll_payment import poll_payment
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.problems import PaymentFinal
from billing.payments.rules import PaymentStatus
from billing.platform.ids import new_id


@pytest.mark.parametrize("seen", [True, False])
async def test_held_money_is_given_back(hold, cancel, sandbox, read, rows, books, seen):
    payment = await hold(seen=seen)
    canceled = await cancel(payment.id)
    assert canceled.answer.status == 200
    assert shown(canceled)["status"] == "canceled"
    assert shown(canceled)["cancellation_reason"] == "canceled_by_merchant"
    assert provider_status(sandbox, payment) == "canceled"
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    attempts = await rows(
        "SELECT kind, state FROM payment_attempts WHERE payment_id = :p ORDER BY number",
        p=payment.id,
    )
    assert [tuple(row.values()) for row in attempts] == [
        ("create", "accepted"),
        ("cancel", "accepted"),
    ]
    assert await books() == (0, 0)


async def test_twice_with_one_key_gives_the_same_bytes(hold, cancel):
    payment = await hold()
    first = await cancel(payment.id, key="k")
    second = await cancel(payment.id, key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert second.answer == first.answer
    with pytest.raises(PaymentFinal):
        await cancel(payment.id)


async def test_many_at_once_make_one_attempt_and_one_wish(hold, cancel, rows, sandbox):
    payment = await hold()
    results = await asyncio.gather(*(cancel(payment.id) for _ in range(8)), return_exceptions=True)
    assert all(
        isinstance(result, PaymentFinal) or result.answer.status in {200, 202} for result in results
    )
    attempts = await rows(
        "SELECT count(*) AS n FROM payment_attempts WHERE payment_id = :p AND kind = 'cancel'",
        p=payment.id,
    )
    assert attempts[0]["n"] == 1
    assert provider_status(sandbox, payment) == "canceled"


@pytest.mark.parametrize(
    "mode", ["error_500_after", "error_500_before", "drop_after", "processing_202", "html_502"]
)
async def test_an_unknown_outcome_is_202_and_the_worker_finishes_it(
    hold, cancel, read, sandbox, database, gateway, clock, mode
):
    payment = await hold()
    sandbox.fault(mode)
    canceled = await cancel(payment.id, key="k")
    assert canceled.answer.status == 202
    assert (await read(payment.id)).status is PaymentStatus.WAITING_FOR_CAPTURE
    await work(database, gateway, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    assert provider_status(sandbox, payment) == "canceled"
    assert (await cancel(payment.id, key="k")).answer.status == 200


@pytest.mark.parametrize("mode", ["rate_429", "auth_401"])
async def test_a_refusal_of_the_moment_is_tried_anew_under_a_new_key(
    hold, cancel, read, sandbox, database, gateway, clock, rows, mode
):
    payment = await hold()
    sandbox.fault(mode)
    assert (await cancel(payment.id)).answer.status == 202
    await work(database, gateway, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    attempts = await rows(
        "SELECT state FROM payment_attempts WHERE payment_id = :p AND kind = 'cancel'"
        " ORDER BY number",
        p=payment.id,
    )
    assert [row["state"] for row in attempts] == ["refused", "accepted"]


async def test_a_payment_captured_meanwhile_is_found_out_and_credited(
    hold, database, gateway, clock, customer, read, sandbox, books, holding
):
    """Captured in the provider's own cabinet between our look and our call."""
    payment = await hold()

    class Late(YooKassaGateway):
        async def cancel_payment(self, key, provider_id, *, seconds):
            capture = f"{sandbox.api}/payments/{provider_id}/capture"
            headers = {"Idempotence-Key": str(new_id())}
            async with httpx.AsyncClient(auth=(SHOP_ID, SECRET_KEY)) as cabinet:
                await cabinet.post(capture, json={}, headers=headers)
            return await super().cancel_payment(key, provider_id, seconds=seconds)

    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Late(account) as late:
        command = CancelPayment(payment.id, customer, "somebody")
        canceled = await cancel_payment(database, late, clock, command, None)
    assert canceled.answer.status == 202
    clock.advance(seconds=30)
    settled = await poll_payment(database, gateway, clock, payment.id)
    assert settled.status is PaymentStatus.SUCCEEDED
    assert (await books())[1] == 1


async def test_a_process_that_dies_before_the_call_leaves_the_intent_to_the_worker(
    hold, cancel, read, sandbox, database, gateway, clock, customer
):
    payment = await hold()

    class Dying(YooKassaGateway):
        async def cancel_payment(self, key, provider_id, *, seconds):
            raise ConnectionAbortedError("as if the process were gone")

    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Dying(account) as dying:
        command = CancelPayment(payment.id, customer, "somebody")
        with pytest.raises(ConnectionAbortedError):
            await cancel_payment(database, dying, clock, command, None)
    assert provider_status(sandbox, payment) == "waiting_for_capture"
    await work(database, gateway, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED


async def test_a_wish_kept_before_the_money_was_held_gives_it_back_later(
    database, holding, clock, read, sandbox, cancel, hold
):
    """The payer confirms a two-stage payment after the wish: the worker releases the money."""
    payment = await hold(seen=False)
    sandbox.calm()
    stored = await read(payment.id)
    assert stored.status is PaymentStatus.PENDING
    sandbox.fault("error_500_before", method="GET")
    assert (await cancel(payment.id)).answer.status == 202
    clock.advance(seconds=5)
    polled = await poll_payment(database, holding, clock, payment.id)
    assert polled.status is PaymentStatus.WAITING_FOR_CAPTURE
    await work(database, holding, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    assert provider_status(sandbox, payment) == "canceled"


async def test_after_a_day_of_silence_a_new_key_is_used(
    hold, cancel, read, sandbox, database, gateway, clock, rows
):
    payment = await hold()
    sandbox.fault("error_500_before", times=1)
    assert (await cancel(payment.id)).answer.status == 202
    clock.advance(hours=24)
    await work(database, gateway, clock)
    assert (await read(payment.id)).status is PaymentStatus.CANCELED
    attempts = await rows(
        "SELECT state FROM payment_attempts WHERE payment_id = :p AND kind = 'cancel'"
        " ORDER BY number",
        p=payment.id,
    )
    assert [row["state"] for row in attempts] == ["lost", "accepted"]
