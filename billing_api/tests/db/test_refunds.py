"""Refunds to the card: taken from the balance first, once, and never more than was paid."""

import asyncio

import pytest
from billing_parts.purse import read as shown

from billing.balance.problems import InsufficientFunds
from billing.flows.verify_books import verify_books
from billing.idempotency.problems import IdempotencyInProgress, IdempotencyKeyReused
from billing.payments.problems import PaymentNotFound
from billing.platform.ids import new_id
from billing.platform.problems import ValidationFailed
from billing.refunds.problems import (
    PaymentNotRefundable,
    RefundExceedsPayment,
    RefundLeavesTooLittle,
)

TAKEN, PART = 134200, 50000


async def violations(database):
    return [check for check in await verify_books(database) if check.violations]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(("minor", "given"), [(None, TAKEN), (TAKEN, TAKEN), (PART, PART)])
async def test_money_goes_back_to_the_card(till, purse, database, seen, minor, given):
    payment = await till.take(seen=seen)
    refunded = await till.refund(payment, minor)
    assert refunded.answer.status == 201
    assert shown(refunded) == {
        "id": str(refunded.object_id),
        "payment_id": str(payment.id),
        "status": "succeeded",
        "value": f"{given / 100:.2f}",
        "currency": "RUB",
        "reason": "a test",
        "to": "card",
        "created_at": shown(refunded)["created_at"],
    }
    [theirs] = till.theirs(payment)
    assert (theirs["status"], theirs["amount"]["value"]) == ("succeeded", f"{given / 100:.2f}")
    assert theirs["metadata"]["refund_uid"] == str(refunded.object_id)
    assert await purse.parts() == (TAKEN - given, 0, 0, 0)
    assert await purse.journals() == ["payment", "refund_reserved", "refund"]
    after = await till.payment(payment.id)
    assert (after.refunded_minor, after.refunding_minor) == (given, 0)
    assert after.status == "succeeded"
    assert await violations(database) == []


async def test_many_parts_until_nothing_is_left(till, purse, database):
    payment = await till.take(1000)
    for minor in (300, 200, 100, 400):
        await till.refund(payment, minor)
    with pytest.raises(RefundExceedsPayment):
        await till.refund(payment)
    assert sorted(item["amount"]["value"] for item in till.theirs(payment)) == [
        "1.00",
        "2.00",
        "3.00",
        "4.00",
    ]
    assert await purse.parts() == (0, 0, 0, 0)
    assert await violations(database) == []


async def test_what_is_refused_changes_nothing(till, purse, create, read, database):
    payment = await till.take(1000)
    pending = await read((await create()).payment_id)
    refusals = (
        (payment, 1001, "RUB", RefundExceedsPayment),
        (payment, 950, "RUB", RefundLeavesTooLittle),
        (payment, 99, "RUB", RefundLeavesTooLittle),
        (payment, 500, "USD", ValidationFailed),
        (pending, 100, "RUB", PaymentNotRefundable),
    )
    for of, minor, currency, problem in refusals:
        with pytest.raises(problem):
            await till.refund(of, minor, currency=currency)
    with pytest.raises(PaymentNotFound):
        await till.refund(payment, 100, owner=str(new_id()))
    assert till.theirs(payment) == []
    assert await purse.parts() == (1000, 0, 0, 0)
    assert await violations(database) == []


async def test_what_was_spent_does_not_go_to_the_card(till, purse):
    payment = await till.take(1000)
    await purse.charge(300)
    with pytest.raises(InsufficientFunds) as refused:
        await till.refund(payment)
    assert refused.value.members == {"missing": "3.00"}
    await till.refund(payment, 700)
    assert await purse.parts() == (0, 0, 0, 0)


async def test_promotional_money_never_goes_to_a_card(till, purse):
    payment = await till.take(1000)
    await purse.charge(1000)
    await purse.fund(5000, "promo")
    with pytest.raises(InsufficientFunds):
        await till.refund(payment, 100)
    assert (await purse.parts())[1] == 5000


async def test_money_on_its_way_back_can_be_spent_by_nobody(till, purse, database):
    payment = await till.take(1000)
    till.fault("refund_pending")
    refunded = await till.refund(payment)
    assert (refunded.answer.status, shown(refunded)["status"]) == (201, "pending")
    assert await purse.parts() == (0, 0, 1000, 0)
    with pytest.raises(InsufficientFunds):
        await purse.charge(1)
    with pytest.raises(RefundExceedsPayment):
        await till.refund(payment, 100)
    [theirs] = till.theirs(payment)
    till.sandbox.control(f"/refunds/{theirs['id']}/succeed")
    await till.work(seconds=11)
    assert (await till.read(refunded)).status == "succeeded"
    assert await purse.parts() == (0, 0, 0, 0)
    assert await violations(database) == []


@pytest.mark.parametrize("later", [True, False])
async def test_what_the_provider_does_not_do_is_on_the_balance_again(till, purse, database, later):
    payment = await till.take(1000)
    till.fault("refund_pending" if later else "refund_canceled", reason="insufficient_funds")
    refunded = await till.refund(payment)
    if later:
        [theirs] = till.theirs(payment)
        till.sandbox.control(f"/refunds/{theirs['id']}/cancel", reason="insufficient_funds")
        await till.work(seconds=11)
    kept = await till.read(refunded)
    assert (kept.status, kept.cancellation_reason) == ("canceled", "insufficient_funds")
    assert await purse.parts() == (1000, 0, 0, 0)
    after = await till.payment(payment.id)
    assert (after.refunded_minor, after.refunding_minor) == (0, 0)
    await till.refund(payment)  # and it can be tried again
    assert await violations(database) == []


async def test_twice_with_one_key_gives_the_same_bytes(till):
    payment = await till.take(1000)
    first = await till.refund(payment, 300, key="k")
    second = await till.refund(payment, 300, key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert first.answer == second.answer
    with pytest.raises(IdempotencyKeyReused):
        await till.refund(payment, 301, key="k")
    assert len(till.theirs(payment)) == 1


async def test_ten_clicks_under_one_key_refund_once(till, purse):
    payment = await till.take(1000)
    results = await asyncio.gather(
        *(till.refund(payment, 300, key="k") for _ in range(10)), return_exceptions=True
    )
    for result in results:
        assert isinstance(result, IdempotencyInProgress) or result.answer.status == 201, result
    assert len(till.theirs(payment)) == 1
    assert (await purse.parts())[0] == 700


async def test_many_at_once_never_give_back_more_than_was_paid(till, purse, database):
    payment = await till.take(1000)
    await purse.fund(10_000)  # the balance is not what stops them
    results = await asyncio.gather(
        *(till.refund(payment, 300) for _ in range(8)), return_exceptions=True
    )
    told = [type(result).__name__ for result in results if isinstance(result, Exception)]
    assert told == ["RefundExceedsPayment"] * 5
    assert len(till.theirs(payment)) == 3
    assert await purse.parts() == (10_100, 0, 0, 0)
    assert await violations(database) == []
