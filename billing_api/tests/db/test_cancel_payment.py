"""Canceling: held money goes back once; an unpaid payment keeps the wish; what is paid counts."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.create_payment import CreatePayment, create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.recover_attempts import recover_attempts
from billing.gateway.yookassa.client import YooKassaAccount, YooKassaGateway
from billing.idempotency.problems import IdempotencyKeyReused
from billing.idempotency.rules import KeyScope
from billing.payments.problems import PaymentFinal, PaymentNotFound
from billing.payments.queries import list_for_review
from billing.payments.rules import PaymentStatus, describe
from billing.platform.ids import new_id
from billing.platform.money import Money

SHOP_ID, SECRET_KEY = "100500", "test_sandbox_key_1234567890"


class HoldingGateway(YooKassaGateway):
    """The same client asking for two stages: paying only holds the money."""

    def write_intent(self, intent):
        body = json.loads(super().write_intent(intent))
        return json.dumps({**body, "capture": False}).encode()


@pytest.fixture
async def holding(sandbox):
    async with HoldingGateway(
        YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    ) as gateway:
        yield gateway


@pytest.fixture
def cancel(database, gateway, clock, customer):
    async def call(payment_id, *, key=None, owner=customer, by="somebody"):
        command = CancelPayment(UUID(str(payment_id)), owner, by)
        scope = None if key is None else KeyScope(customer, "POST /cancel", key, b"same")
        return await cancel_payment(database, gateway, clock, command, scope)

    return call


@pytest.fixture
def hold(database, holding, clock, customer, read, sandbox):
    """A payment whose money the provider holds, as yet unknown here when `seen` is False."""

    async def make(*, seen=True):
        command = CreatePayment(
            customer_id=customer,
            amount=Money(5000, "RUB"),
            description=None,
            return_url=None,
            default_return_url="https://shop.test/pay/return/{id}",
            request_id="request-of-a-test",
        )
        created = await create_payment(database, holding, clock, command, None)
        payment = await read(created.payment_id)
        sandbox.succeed(payment.provider_id)
        if seen:
            clock.advance(seconds=5)
            payment = await poll_payment(database, holding, clock, payment.id)
            assert payment.status is PaymentStatus.WAITING_FOR_CAPTURE
        return payment

    return make


def shown(canceled) -> dict:
    return json.loads(canceled.answer.body)


def provider_status(sandbox, payment) -> str:
    [theirs] = sandbox.payments_of(payment.id)
    return theirs["status"]


async def work(database, gateway, clock, seconds=400):
    """What the worker does after a while."""
    clock.advance(seconds=seconds)
    while await recover_attempts(database, gateway, clock):
        pass


async def test_an_unpaid_payment_keeps_the_wish_and_is_not_payable(
    create, cancel, read, clock, rows, sandbox
):
    created = await create()
    canceled = await cancel(created.payment_id, by="the-customer")
    assert canceled.answer.status == 202
    answer = shown(canceled)
    assert (answer["status"], answer["confirmation_url"]) == ("pending", None)
    payment = await read(created.payment_id)
    assert payment.cancel_requested_at == clock.now()
    assert payment.cancel_requested_by == "the-customer"
    assert answer["cancel_requested_at"] == describe(payment)["cancel_requested_at"]
    assert provider_status(sandbox, payment) == "pending"
    changes = await rows(
        "SELECT data FROM changes WHERE object_id = :p AND version = :v",
        p=created.payment_id,
        v=payment.version,
    )
    assert changes[0]["data"]["cancel_requested_by"] == "the-customer"


async def test_the_provider_ends_it_and_then_it_is_final(
    create, cancel, read, sandbox, database, gateway, clock
):
    created = await create()
    await cancel(created.payment_id)
    payment = await read(created.payment_id)
    sandbox.cancel(payment.provider_id)
    clock.advance(seconds=5)
    ended = await poll_payment(database, gateway, clock, payment.id)
    assert ended.status is PaymentStatus.CANCELED
    with pytest.raises(PaymentFinal, match="canceled"):
        await cancel(created.payment_id)


async def test_paid_all_the_same_is_credited_and_shown_for_review(
    create, cancel, read, sandbox, database, gateway, clock, books
):
    created = await create()
    await cancel(created.payment_id)
    payment = await read(created.payment_id)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=5)
    paid = await poll_payment(database, gateway, clock, payment.id)
    assert paid.status is PaymentStatus.SUCCEEDED
    assert await books() == (134200, 1)
    async with database.read() as session:
        review = await list_for_review(session, clock.now(), 1000)
    assert payment.id in {found.id for found in review}


async def test_a_payment_paid_a_moment_ago_is_not_canceled_but_credited(
    create, cancel, read, sandbox, books
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    with pytest.raises(PaymentFinal, match="succeeded"):
        await cancel(payment.id)
    stored = await read(payment.id)
    assert (stored.status, stored.cancel_requested_at) == (PaymentStatus.SUCCEEDED, None)
    assert await books() == (134200, 1)


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


async def test_a_repeat_before_the_end_shows_the_payment_as_it_is_now(
    create, cancel, read, sandbox, database, gateway, clock
):
    payment = await read((await create()).payment_id)
    assert (await cancel(payment.id, key="k")).answer.status == 202
    again = await cancel(payment.id, key="k")
    assert (again.answer.status, again.replayed) == (202, False)
    sandbox.cancel(payment.provider_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    assert (await cancel(payment.id, key="k")).answer.status == 200


async def test_one_key_for_another_payment_is_refused(create, database, gateway, clock, customer):
    scope = KeyScope(customer, "POST /cancel", "k", b"first")
    other = KeyScope(customer, "POST /cancel", "k", b"second")
    first, second = [UUID((await create()).payment_id) for _ in "ab"]
    await cancel_payment(database, gateway, clock, CancelPayment(first, None, "s"), scope)
    with pytest.raises(IdempotencyKeyReused):
        await cancel_payment(database, gateway, clock, CancelPayment(second, None, "s"), other)


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


async def test_what_the_provider_never_took_is_not_made_any_more(
    create, cancel, read, sandbox, database, gateway, clock
):
    sandbox.fault("rate_429")
    created = await create()
    assert (await cancel(created.payment_id)).answer.status == 202
    await work(database, gateway, clock)
    assert (await read(created.payment_id)).status is PaymentStatus.CANCELED
    assert sandbox.payments_of(created.payment_id) == []


async def test_another_customer_finds_no_such_payment(create, cancel, read):
    created = await create()
    with pytest.raises(PaymentNotFound):
        await cancel(created.payment_id, owner=str(new_id()))
    with pytest.raises(PaymentNotFound):
        await cancel(new_id())
    assert (await read(created.payment_id)).cancel_requested_at is None


async def test_the_wish_once_kept_stays_as_it_was(create, cancel, read, clock, database):
    created = await create()
    await cancel(created.payment_id, by="first")
    kept = await read(created.payment_id)
    clock.advance(seconds=60)
    await cancel(created.payment_id, by="second")
    again = await read(created.payment_id)
    assert (again.cancel_requested_by, again.version) == ("first", kept.version)
    assert again.cancel_requested_at + timedelta(seconds=60) == clock.now()
