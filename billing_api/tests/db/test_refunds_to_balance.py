"""Refunds to the balance: only what was spent of the payment comes back, out of the charges."""

import asyncio

import pytest
from billing_parts.purse import read as shown

from billing.flows.verify_books import verify_books
from billing.payments.problems import PaymentNotFound
from billing.platform.ids import new_id
from billing.refunds.problems import NothingSpent, PaymentNotRefundable, RefundExceedsPayment


async def violations(database):
    return [check for check in await verify_books(database) if check.violations]


async def test_what_was_spent_comes_back_and_the_charges_say_so(till, purse, rows, database):
    payment = await till.take(1000)
    old = await purse.charge(400)
    new = await purse.charge(500)
    given = await till.give_back(payment, 600)
    assert given.answer.status == 201
    answer = shown(given)
    assert (answer["status"], answer["value"], answer["to"]) == ("succeeded", "6.00", "balance")
    assert await purse.parts() == (700, 0, 0, 0)
    assert (await purse.journals())[-1] == "refund_to_balance"
    returned = await rows(
        "SELECT id, reversed_paid_minor AS minor FROM charges WHERE customer_id = :c ORDER BY id",
        c=purse.customer,
    )
    assert [(row["id"], row["minor"]) for row in returned] == [
        (old.object_id, 100),
        (new.object_id, 500),
    ]
    assert (await till.payment(payment.id)).refunded_minor == 600
    assert till.theirs(payment) == []
    assert await violations(database) == []


async def test_an_unspent_top_up_has_nothing_to_give_back(till, purse):
    payment = await till.take(1000)
    with pytest.raises(NothingSpent):
        await till.give_back(payment)
    await purse.charge(300)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 301)
    await till.give_back(payment, 300)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 1)
    assert await purse.parts() == (1000, 0, 0, 0)


async def test_the_oldest_money_is_spent_first(till, purse):
    old, new = await till.take(1000), await till.take(1000)
    await purse.charge(1200)
    with pytest.raises(NothingSpent):
        await till.give_back(new, 201)
    await till.give_back(new, 200)
    await till.give_back(old, 1000)
    assert await purse.parts() == (2000, 0, 0, 0)


async def test_money_credited_later_is_spent_later(till, purse):
    payment = await till.take(1000)
    await purse.fund(500)
    await purse.charge(900)
    await till.give_back(payment, 900)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 1)


async def test_money_given_back_is_spent_after_what_is_left_of_the_payment(till, purse):
    payment = await till.take(1000)
    await purse.charge(900)
    await till.give_back(payment, 200)
    await purse.charge(150)
    await till.give_back(payment, 800)  # all that is left of it was spent
    assert await purse.parts() == (950, 0, 0, 0)


async def test_money_on_hold_is_not_spent(till, purse):
    payment = await till.take(1000)
    hold = await purse.hold(1000)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 1)
    await purse.capture(hold.object_id)
    await till.give_back(payment)
    assert await purse.parts() == (1000, 0, 0, 0)


async def test_promotional_money_that_was_burned_is_not_given_back_as_paid(till, purse):
    await purse.fund(400, "promo")
    payment = await till.take(1000)
    await purse.charge(1000)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 601)
    await till.give_back(payment, 600)
    assert await purse.parts() == (1000, 0, 0, 0)


async def test_what_was_refunded_to_the_card_is_not_given_back_again(till, purse):
    payment = await till.take(1000)
    await purse.charge(400)
    await till.refund(payment, 600)
    with pytest.raises(RefundExceedsPayment):
        await till.give_back(payment, 401)
    await till.give_back(payment, 400)
    with pytest.raises(RefundExceedsPayment):
        await till.refund(payment)


async def test_customers_take_back_only_what_they_charged_themselves(till, purse, customer):
    payment = await till.take(1000)
    await purse.charge(600)  # by a program: it was paid for something
    await purse.charge(300, by=customer)
    with pytest.raises(NothingSpent):
        await till.give_back(payment, 301, owner=customer)
    await till.give_back(payment, 300, owner=customer)
    with pytest.raises(PaymentNotFound):
        await till.give_back(payment, 1, owner=str(new_id()))
    await till.give_back(payment, 600)
    assert await purse.parts() == (1000, 0, 0, 0)


async def test_it_repays_what_is_owed_first(till, purse, database):
    payment = await till.take(1000)
    await purse.charge(1000)
    other = await till.take(500)
    await purse.charge(500)
    till.in_cabinet(other)
    await till.look()
    assert await purse.parts() == (0, 0, 0, 500)
    await till.give_back(payment, 800)
    assert await purse.parts() == (300, 0, 0, 0)
    assert await violations(database) == []


async def test_a_pending_payment_has_nothing_to_refund(till, create, read):
    pending = await read((await create()).payment_id)
    with pytest.raises(PaymentNotRefundable):
        await till.give_back(pending)


async def test_many_at_once_give_back_what_was_spent_and_no_more(till, purse, database):
    payment = await till.take(1000)
    await purse.charge(900)
    results = await asyncio.gather(
        *(till.give_back(payment, 200) for _ in range(8)), return_exceptions=True
    )
    told = [type(result).__name__ for result in results if isinstance(result, Exception)]
    assert told == ["NothingSpent"] * 4
    assert await purse.parts() == (900, 0, 0, 0)
    same = await asyncio.gather(*(till.give_back(payment, 50, key="k") for _ in range(5)))
    assert len({one.answer for one in same}) == 1
    assert await violations(database) == []
