"""Canceling what nobody has paid: the wish is kept; what is paid all the same counts."""

from datetime import timedelta
from uuid import UUID

import pytest
from billing_parts.canceling import provider_status, shown, work

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.poll_payment import poll_payment
from billing.idempotency.problems import IdempotencyKeyReused
from billing.idempotency.rules import KeyScope
from billing.payments.problems import PaymentFinal, PaymentNotFound
from billing.payments.rules import PaymentStatus, describe
from billing.platform.ids import new_id
from billing.review.queries import list_for_review
from billing.review.rules import Kind


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
        review = await list_for_review(session, Kind.PAYMENT, clock.now(), 1000)
    assert payment.id in {found.subject.id for found in review}


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
