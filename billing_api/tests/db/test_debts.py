"""Who owes us repays first with all paid money that comes back, and with no promotional money."""

import pytest

from billing.flows.expire_holds import expire_holds
from billing.flows.verify_books import verify_books


@pytest.fixture
def owe(purse):
    return purse.owe


async def sums_hold(database):
    """The proofs that know nothing of how a debt came about."""
    own = {"journals sum to zero per currency", "running balances equal the sums of their postings"}
    checks = {check.name: check.violations for check in await verify_books(database)}
    return {name: checks[name] for name in own} == dict.fromkeys(own, 0)


@pytest.mark.parametrize(
    ("minor", "left"), [(300, (0, 0, 0, 200)), (500, (0, 0, 0, 0)), (700, (200, 0, 0, 0))]
)
async def test_paid_money_credited_by_hand_repays_first(purse, owe, database, minor, left):
    await owe(500)
    await purse.fund(minor)
    assert await purse.parts() == left
    assert await sums_hold(database)


async def test_promotional_money_repays_nothing(purse, owe):
    await owe(500)
    await purse.fund(700, "promo")
    assert await purse.parts() == (0, 700, 0, 500)
    await purse.charge(700)
    assert await purse.parts() == (0, 0, 0, 500)


async def test_a_reversal_repays_with_its_paid_part_alone(purse, owe, database):
    await purse.fund(300, "promo")
    await purse.fund(700)
    charge = (await purse.charge(1_000)).object_id
    await owe(500)
    await purse.reverse(charge, 400)
    assert await purse.parts() == (0, 0, 0, 100)
    await purse.reverse(charge)
    assert await purse.parts() == (200, 300, 0, 0)
    assert await sums_hold(database)


@pytest.mark.parametrize("end", ["capture", "release", "expiry"])
async def test_what_is_left_of_a_hold_repays_first(purse, owe, clock, database, end):
    await purse.fund(1_000)
    hold = (await purse.hold(1_000)).object_id
    await owe(500)
    if end == "expiry":
        clock.advance(days=8)
        while await expire_holds(database, clock):
            pass
    elif end == "capture":
        await purse.capture(hold, 300)
    else:
        await purse.release(hold)
    charged = 300 if end == "capture" else 0
    assert await purse.parts() == (500 - charged, 0, 0, 0)
    assert await sums_hold(database)


async def test_a_debt_is_not_taken_from_what_is_there_already(purse, owe):
    """Repaying is of credits: a debt alone stops no debit."""
    await purse.fund(1_000)
    await owe(500)
    await purse.charge(1_000)
    assert await purse.parts() == (0, 0, 0, 500)
