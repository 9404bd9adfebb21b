"""Charges and their reversals: enough or nothing, promotional money first, never twice."""

import asyncio

import pytest
from billing_parts.purse import read

from billing.balance.problems import InsufficientFunds
from billing.charges.problems import ChargeNotFound, ReversalExceedsCharge
from billing.flows.charge_balance import ChargeBalance, charge_balance
from billing.flows.expire_promo import expire_promo
from billing.idempotency.problems import IdempotencyKeyReused
from billing.idempotency.rules import KeyScope
from billing.platform.money import Money
from billing.platform.problems import Forbidden


async def test_a_charge_takes_what_it_says(purse):
    await purse.fund(10_000)
    charge = read(await purse.charge(2_500))
    assert charge["value"] == "25.00"
    assert charge["reversed_value"] == "0.00"
    assert await purse.parts() == (7_500, 0, 0, 0)
    assert await purse.journals() == ["adjustment", "charge"]


async def test_one_kopeck_above_the_balance_takes_nothing(purse):
    await purse.fund(10_000)
    with pytest.raises(InsufficientFunds) as refused:
        await purse.charge(10_001)
    assert refused.value.members == {"missing": "0.01"}
    assert await purse.parts() == (10_000, 0, 0, 0)
    assert await purse.journals() == ["adjustment"]


async def test_a_customer_without_a_balance_cannot_be_charged(purse):
    with pytest.raises(InsufficientFunds) as refused:
        await purse.charge(100)
    assert refused.value.members == {"missing": "1.00"}
    assert await purse.parts() == (0, 0, 0, 0)


async def test_a_part_is_taken_only_where_it_is_asked_for_and_there_is_one(purse):
    await purse.fund(700)
    assert read(await purse.charge(1_000, partial=True))["value"] == "7.00"
    with pytest.raises(InsufficientFunds):
        await purse.charge(1_000, partial=True)
    assert await purse.parts() == (0, 0, 0, 0)


async def test_promotional_money_is_burned_first_and_what_ends_sooner_before_the_rest(
    purse, clock, rows
):
    endless = (await purse.fund(300, "promo")).object_id
    now = clock.now()
    late = (await purse.fund(200, "promo", expires_at=now.replace(year=now.year + 2))).object_id
    soon = (await purse.fund(100, "promo", expires_at=now.replace(year=now.year + 1))).object_id
    await purse.fund(1_000)
    await purse.charge(450)
    assert await purse.parts() == (1_000, 150, 0, 0)
    rests = {
        row["id"]: row["rest_minor"]
        for row in await rows(
            "SELECT id, rest_minor FROM promo_grants WHERE customer_id = :c", c=purse.customer
        )
    }
    assert rests == {soon: 0, late: 0, endless: 150}
    await purse.charge(400)
    assert await purse.parts() == (750, 0, 0, 0)


async def test_the_same_key_charges_once_and_answers_in_the_same_bytes(purse):
    await purse.fund(10_000)
    first = await purse.charge(2_500, key="k")
    again = await purse.charge(2_500, key="k")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.answer == first.answer
    assert again.object_id == first.object_id
    assert await purse.parts() == (7_500, 0, 0, 0)


async def test_a_key_stands_for_one_request(purse, database, clock):
    await purse.fund(10_000)
    await purse.charge(2_500, key="k")
    other = KeyScope(purse.customer, "charge", "k", b"other")
    command = ChargeBalance(purse.customer, Money(1, "RUB"), "a test", {}, "shop")
    with pytest.raises(IdempotencyKeyReused):
        await charge_balance(database, clock, command, other)


async def test_what_is_refused_leaves_the_key_free(purse):
    with pytest.raises(InsufficientFunds):
        await purse.charge(2_500, key="k")
    await purse.fund(2_500)
    assert not (await purse.charge(2_500, key="k")).replayed


async def test_ten_clicks_at_once_under_one_key_charge_once(purse):
    await purse.fund(10_000)
    done = await asyncio.gather(*(purse.charge(1_000, key="k") for _ in range(10)))
    assert sum(not one.replayed for one in done) == 1
    assert len({one.answer.body for one in done}) == 1
    assert await purse.parts() == (9_000, 0, 0, 0)


async def test_sixteen_debits_at_once_never_take_more_than_there_is(purse):
    await purse.fund(500)
    await purse.fund(500, "promo")
    done = await asyncio.gather(*(purse.charge(100) for _ in range(16)), return_exceptions=True)
    refused = [one for one in done if isinstance(one, InsufficientFunds)]
    assert (len(done) - len(refused), len(refused)) == (10, 6)
    assert await purse.parts() == (0, 0, 0, 0)


async def test_a_reversal_gives_paid_money_back_first_and_promotional_money_to_its_grants(
    purse, rows
):
    await purse.fund(300, "promo")
    await purse.fund(700)
    charge = (await purse.charge(1_000)).object_id
    assert read(await purse.reverse(charge, 800))["reversed_value"] == "8.00"
    assert await purse.parts() == (700, 100, 0, 0)
    await purse.reverse(charge)
    assert await purse.parts() == (700, 300, 0, 0)
    [grant] = await rows("SELECT * FROM promo_grants WHERE customer_id = :c", c=purse.customer)
    assert grant["rest_minor"] == 300


async def test_a_charge_is_reversed_once(purse):
    await purse.fund(1_000)
    charge = (await purse.charge(1_000)).object_id
    await purse.reverse(charge)
    with pytest.raises(ReversalExceedsCharge):
        await purse.reverse(charge)
    with pytest.raises(ReversalExceedsCharge):
        await purse.reverse(charge, 1)
    assert await purse.parts() == (1_000, 0, 0, 0)


async def test_reversals_at_once_give_back_no_more_than_was_taken(purse):
    await purse.fund(1_000)
    charge = (await purse.charge(1_000)).object_id
    done = await asyncio.gather(
        *(purse.reverse(charge, 300) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, ReversalExceedsCharge) for one in done) == 5
    assert await purse.parts() == (900, 0, 0, 0)


async def test_the_same_key_reverses_once(purse):
    await purse.fund(1_000)
    charge = (await purse.charge(1_000)).object_id
    first = await purse.reverse(charge, 400, key="k")
    again = await purse.reverse(charge, 400, key="k")
    assert again.replayed
    assert again.answer == first.answer
    assert await purse.parts() == (400, 0, 0, 0)


async def test_a_customer_reverses_only_what_they_charged_themselves(purse):
    await purse.fund(1_000)
    by_shop = (await purse.charge(400)).object_id
    own = (await purse.charge(400, by=purse.customer)).object_id
    with pytest.raises(Forbidden):
        await purse.reverse(by_shop, owner=purse.customer)
    with pytest.raises(ChargeNotFound):
        await purse.reverse(own, owner="a stranger")
    await purse.reverse(own, owner=purse.customer)
    assert await purse.parts() == (600, 0, 0, 0)


async def test_promotional_money_past_its_end_cannot_be_spent_even_before_the_worker_came(
    purse, clock
):
    ends = clock.now().replace(year=clock.now().year + 1)
    await purse.fund(500, "promo", expires_at=ends)
    clock.advance(days=800)
    with pytest.raises(InsufficientFunds):
        await purse.charge(1)
    assert await purse.parts() == (0, 500, 0, 0), "the refusal undid the expiry with it"
    await purse.fund(100)
    await purse.charge(1)
    assert await purse.parts() == (99, 0, 0, 0)
    assert (await purse.journals()).count("promo_expiry") == 1


async def test_the_worker_takes_back_what_has_expired_once(purse, clock, database):
    ends = clock.now().replace(year=clock.now().year + 1)
    await purse.fund(500, "promo", expires_at=ends)
    assert await purse.parts() == (0, 500, 0, 0)
    clock.advance(days=800)
    while await expire_promo(database, clock):
        pass
    assert await purse.parts() == (0, 0, 0, 0)
    assert await purse.journals() == ["promo_grant", "promo_expiry"]


async def test_what_comes_back_to_an_expired_grant_expires_again(purse, clock, database):
    ends = clock.now().replace(year=clock.now().year + 1)
    await purse.fund(500, "promo", expires_at=ends)
    charge = (await purse.charge(300)).object_id
    clock.advance(days=800)
    while await expire_promo(database, clock):
        pass
    await purse.reverse(charge)
    assert await purse.parts() == (0, 300, 0, 0)
    while await expire_promo(database, clock):
        pass
    assert await purse.parts() == (0, 0, 0, 0)
    assert (await purse.journals()).count("promo_expiry") == 2
