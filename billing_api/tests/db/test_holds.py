"""Holds on the balance: set aside, then charged, released or expired, and only one of these."""

import asyncio
from datetime import timedelta

import pytest
from billing_parts.purse import read

from billing.balance.problems import InsufficientFunds
from billing.flows.expire_holds import expire_holds
from billing.holds.problems import CaptureExceedsHold, HoldNotFound, HoldOver
from billing.platform.problems import Forbidden, ValidationFailed


async def expire_all(database, clock) -> None:
    while await expire_holds(database, clock):
        pass


async def test_held_money_can_be_spent_by_nothing_else(purse):
    await purse.fund(1_000)
    hold = read(await purse.hold(700))
    assert (hold["status"], hold["value"], hold["captured_value"]) == ("held", "7.00", "0.00")
    assert await purse.parts() == (300, 0, 700, 0)
    with pytest.raises(InsufficientFunds):
        await purse.charge(301)


async def test_capturing_charges_and_the_rest_goes_back(purse, rows):
    await purse.fund(200, "promo")
    await purse.fund(800)
    hold = (await purse.hold(900)).object_id
    assert await purse.parts() == (100, 0, 900, 0)
    captured = read(await purse.capture(hold, 150))
    assert (captured["status"], captured["captured_value"]) == ("captured", "1.50")
    assert await purse.parts() == (800, 50, 0, 0), "promotional money was burned first"
    [charge] = await rows("SELECT * FROM charges WHERE hold_id = :h", h=hold)
    assert (charge["paid_minor"], charge["promo_minor"]) == (0, 150)
    await purse.reverse(charge["id"])
    assert await purse.parts() == (800, 200, 0, 0)
    [grant] = await rows("SELECT * FROM promo_grants WHERE customer_id = :c", c=purse.customer)
    assert grant["rest_minor"] == 200


async def test_a_hold_is_captured_whole_where_no_value_is_given(purse):
    await purse.fund(1_000)
    hold = (await purse.hold(1_000)).object_id
    assert read(await purse.capture(hold))["captured_value"] == "10.00"
    assert await purse.parts() == (0, 0, 0, 0)


async def test_no_more_is_captured_than_is_held(purse):
    await purse.fund(1_000)
    hold = (await purse.hold(600)).object_id
    with pytest.raises(CaptureExceedsHold):
        await purse.capture(hold, 601)
    assert await purse.parts() == (400, 0, 600, 0)


@pytest.mark.parametrize("first", ["capture", "release"])
@pytest.mark.parametrize("second", ["capture", "release"])
async def test_a_hold_ends_once(purse, first, second):
    await purse.fund(1_000)
    hold = (await purse.hold(600)).object_id
    await getattr(purse, first)(hold)
    before = await purse.parts()
    with pytest.raises(HoldOver):
        await getattr(purse, second)(hold)
    assert await purse.parts() == before


async def test_capture_and_release_at_once_end_it_once(purse):
    await purse.fund(1_000)
    for _ in range(5):
        hold = (await purse.hold(100)).object_id
        done = await asyncio.gather(
            *(act(hold) for act in (purse.capture, purse.release) * 4), return_exceptions=True
        )
        assert sum(isinstance(one, HoldOver) for one in done) == 7
    paid, _, held, _ = await purse.parts()
    assert held == 0
    assert paid % 100 == 0


async def test_the_same_key_holds_and_captures_once(purse):
    await purse.fund(1_000)
    holds = [await purse.hold(600, key="h") for _ in range(2)]
    assert holds[0].object_id == holds[1].object_id
    ends = [await purse.capture(holds[0].object_id, 500, key="c") for _ in range(2)]
    assert [end.replayed for end in ends] == [False, True]
    assert ends[0].answer == ends[1].answer
    assert await purse.parts() == (500, 0, 0, 0)


async def test_a_hold_is_over_at_its_end_before_the_worker_has_come(purse, clock, database):
    await purse.fund(1_000)
    hold = (await purse.hold(600)).object_id
    clock.advance(days=7)
    for act in (purse.capture, purse.release):
        with pytest.raises(HoldOver):
            await act(hold)
    assert await purse.parts() == (400, 0, 600, 0)
    await expire_all(database, clock)
    assert await purse.parts() == (1_000, 0, 0, 0)
    assert (await purse.journals())[-1] == "hold_expiry"


async def test_workers_at_once_end_a_hold_once(purse, clock, database):
    await purse.fund(1_000)
    await purse.hold(600)
    clock.advance(days=8)
    await asyncio.gather(*(expire_all(database, clock) for _ in range(4)))
    assert await purse.parts() == (1_000, 0, 0, 0)
    assert (await purse.journals()).count("hold_expiry") == 1


async def test_a_hold_lasts_a_month_at_most_and_ends_in_the_future(purse, clock):
    await purse.fund(1_000)
    for instant in (clock.now(), clock.now() + timedelta(days=30, seconds=1)):
        with pytest.raises(ValidationFailed):
            await purse.hold(100, expires_at=instant)
    assert await purse.parts() == (1_000, 0, 0, 0)


async def test_a_customer_ends_only_what_they_hold_themselves(purse):
    await purse.fund(1_000)
    by_shop = (await purse.hold(100)).object_id
    own = (await purse.hold(100, by=purse.customer)).object_id
    for act in (purse.capture, purse.release):
        with pytest.raises(Forbidden):
            await act(by_shop, owner=purse.customer)
        with pytest.raises(HoldNotFound):
            await act(own, owner="a stranger")
    await purse.release(own, owner=purse.customer)
    assert await purse.parts() == (900, 0, 100, 0)


async def test_promotional_money_of_a_hold_that_outlives_its_grant_expires_when_it_comes_back(
    purse, clock, database
):
    ends = clock.now().replace(year=clock.now().year + 1)
    await purse.fund(500, "promo", expires_at=ends)
    clock.advance(days=360)
    hold = (await purse.hold(500)).object_id
    clock.advance(days=6)
    await purse.release(hold)
    assert await purse.parts() == (0, 500, 0, 0)
    with pytest.raises(InsufficientFunds):
        await purse.charge(1)
