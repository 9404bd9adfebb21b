"""What a person decides about a refund that waits for one: each way out of each state, the books
proved after all of them.
"""

import asyncio
from dataclasses import replace

import pytest
from billing_parts.refund_desk import LESS, Bent, Desk

from billing.flows.settle_payment import Effect
from billing.flows.settle_refund_attempt import settle_refund_attempt
from billing.flows.settle_seen_refund import settle_seen_refund
from billing.flows.verify_books import verify_books
from billing.gateway.port import RefundAccepted
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.refunds.problems import RefundNotFound
from billing.review.problems import (
    DecisionError,
    ProviderIdNeeded,
    ProviderShowsNothing,
    ProviderSilent,
    StillDisagrees,
)
from billing.review.queries import list_for_review
from billing.review.rules import Action, Kind


@pytest.fixture
async def sound_books(database):
    """Whatever a test does here, the books are proved after it."""
    yield
    assert [check for check in await verify_books(database) if check.violations] == []


pytestmark = pytest.mark.usefixtures("sound_books")


@pytest.fixture
def desk(till):
    return Desk(till)


@pytest.fixture
def read(desk):
    return desk.read


@pytest.fixture
def settle(desk):
    return desk.hear


@pytest.fixture
def decide(desk):
    return desk.decide


@pytest.fixture
def waits(desk):
    return desk.waits


@pytest.fixture
def history(desk):
    return desk.history


@pytest.fixture
def held(desk):
    return desk.held


@pytest.fixture
def opened(desk):
    return desk.opened


@pytest.fixture
def given_up(desk):
    return desk.given_up


@pytest.mark.parametrize("change", [LESS, {"status": "half_done"}])
async def test_a_released_refund_is_what_the_provider_says_now(
    held, decide, waits, history, purse, change
):
    refund_id, provider_id = await held(**change)
    found = await waits(refund_id)
    assert found == ("amount_mismatch" if change is LESS else "unknown_status")
    assert await purse.parts() == (600, 0, 400, 0)
    with pytest.raises(ProviderIdNeeded):
        await decide(refund_id, Action.RELEASE)
    released = await decide(refund_id, Action.RELEASE, provider_id)
    assert (released.status, released.provider_id) == ("succeeded", provider_id)
    assert await purse.parts() == (600, 0, 0, 0)
    assert await waits(refund_id) is None
    assert await history(refund_id) == [(Action.RELEASE, found, "looked at it", "an operator")]


async def test_one_that_still_does_not_agree_stays_held_and_nothing_is_kept(
    till, held, decide, waits, history, purse
):
    refund_id, provider_id = await held()
    async with Bent(till.sandbox, status="half_done") as bent:
        with pytest.raises(StillDisagrees, match="unknown_status"):
            await decide(refund_id, Action.RELEASE, provider_id, through=bent)
    with pytest.raises(ProviderShowsNothing):
        await decide(refund_id, Action.RELEASE, str(new_id()))
    till.fault("html_502", method="GET")
    with pytest.raises(ProviderSilent):
        await decide(refund_id, Action.RELEASE, provider_id)
    assert await waits(refund_id) == "amount_mismatch"
    assert await history(refund_id) == []
    assert await purse.parts() == (600, 0, 400, 0)


async def test_another_refunds_object_is_not_taken_for_it(held, opened, decide, waits):
    refund_id, _ = await held()
    _, foreign = await opened()
    with pytest.raises(StillDisagrees, match="metadata_mismatch"):
        await decide(refund_id, Action.RELEASE, foreign)
    assert await waits(refund_id) == "amount_mismatch"


async def test_released_while_it_is_open_it_is_asked_about_on(
    till, opened, settle, decide, waits, read, purse
):
    refund_id, provider_id = await opened()
    assert await settle(refund_id, **LESS) is Effect.QUARANTINED
    with pytest.raises(StillDisagrees, match="we know it as"):
        await decide(refund_id, Action.RELEASE, str(new_id()))
    released = await decide(refund_id, Action.RELEASE)
    assert (released.status, released.provider_status) == ("pending", "pending")
    assert await waits(refund_id) is None
    till.sandbox.control(f"/refunds/{provider_id}/succeed")
    await till.work(minutes=1)
    assert (await read(refund_id)).status == "succeeded"
    assert await purse.parts() == (600, 0, 0, 0)


async def test_a_closed_one_is_canceled_and_its_money_is_on_the_balance(
    held, settle, decide, waits, history, purse
):
    refund_id, _ = await held()
    closed = await decide(refund_id, Action.CLOSE, reason="stopped in the cabinet")
    assert (closed.status, closed.cancellation_reason) == ("canceled", "closed_by_staff")
    assert await purse.parts() == (1000, 0, 0, 0)
    assert await purse.journals() == ["payment", "refund_reserved", "refund_returned"]
    assert await settle(refund_id, **LESS) is Effect.UNCHANGED, "the same words again"
    assert await waits(refund_id) is None
    assert await settle(refund_id, status="half_done") is Effect.QUARANTINED
    assert await waits(refund_id) == "unknown_status"
    assert [kept[2] for kept in await history(refund_id)] == ["stopped in the cabinet"]


@pytest.mark.parametrize("spent", [0, 900])
async def test_one_that_was_given_up_and_made_there_is_booked_late_and_once(
    till, given_up, settle, decide, waits, purse, spent
):
    refund_id, provider_id = await given_up()
    assert await settle(refund_id) is Effect.QUARANTINED
    assert await waits(refund_id) == "contradicts_final_state"
    if spent:
        await purse.charge(spent)
    with pytest.raises(ProviderIdNeeded):
        await decide(refund_id, Action.RELEASE)
    found = await asyncio.gather(
        *(decide(refund_id, Action.RELEASE, provider_id) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(item, DecisionError) for item in found) == 4
    [booked] = [item for item in found if not isinstance(item, DecisionError)]
    assert (booked.status, booked.cancellation_reason) == ("canceled", "provider_never_received")
    assert (booked.provider_id, booked.provider_status) == (provider_id, "succeeded")
    assert await purse.parts() == ((0, 0, 0, 300) if spent else (600, 0, 0, 0))
    assert (await purse.journals())[-1] == "late_refund"
    assert (await till.payment(booked.payment_id)).refunded_minor == 400
    assert await settle(refund_id) is Effect.UNCHANGED, "the same news again"
    assert await waits(refund_id) is None
    await till.look()
    assert await purse.parts() == ((0, 0, 0, 300) if spent else (600, 0, 0, 0))


async def test_no_more_is_booked_late_than_was_taken(
    till, given_up, settle, read, decide, waits, purse
):
    """Nobody should have given back more; if it was, a person finds out why."""
    refund_id, provider_id = await given_up()
    assert await settle(refund_id) is Effect.QUARANTINED
    payment = await till.payment((await read(refund_id)).payment_id)
    async with Bent(till.sandbox, amount=Money(700, "RUB")) as bent:
        await refund_beyond(till, payment, bent)
    with pytest.raises(StillDisagrees, match="all that was taken"):
        await decide(refund_id, Action.RELEASE, provider_id)
    assert await waits(refund_id) == "contradicts_final_state"
    assert await purse.parts() == (300, 0, 0, 0)


async def refund_beyond(till, payment, bent):
    """7.00 of the 6.00 that the provider still has of it, in its cabinet."""
    till.in_cabinet(payment, "6.00")
    seen = (await bent.find_refund(till.theirs(payment)[0]["id"])).refund
    async with till.database.begin() as session:
        await settle_seen_refund(session, seen, till.clock.now())


async def test_closed_instead_it_stays_canceled_and_nothing_is_booked(
    given_up, settle, decide, waits, purse
):
    refund_id, _ = await given_up()
    await settle(refund_id)
    closed = await decide(refund_id, Action.CLOSE)
    assert (closed.status, closed.cancellation_reason) == ("canceled", "provider_never_received")
    assert await settle(refund_id) is Effect.UNCHANGED
    assert await waits(refund_id) is None
    assert await purse.parts() == (1000, 0, 0, 0)


@pytest.mark.parametrize("action", list(Action))
async def test_of_one_that_succeeded_only_the_hold_goes_away(
    till, settle, decide, waits, purse, action
):
    refunded = await till.refund(await till.take(1000), 400)
    refund_id = refunded.object_id
    assert await settle(refund_id, status="canceled") is Effect.QUARANTINED
    async with Bent(till.sandbox, status="canceled") as bent:
        with pytest.raises(StillDisagrees, match="succeeded here and canceled there"):
            await decide(refund_id, Action.RELEASE, through=bent)
    assert await waits(refund_id) == "contradicts_final_state"
    decided = await decide(refund_id, action)
    assert (decided.status, decided.quarantine_reason) == ("succeeded", None)
    assert await waits(refund_id) is None
    assert await purse.parts() == (600, 0, 0, 0)


async def test_one_that_was_made_twice_is_shown_and_closed(
    till, rows, decide, waits, history, database
):
    payment = await till.take(1000)
    refund_id = (await till.refund(payment, 400)).object_id
    seen = (await till.gateway.find_refund(till.theirs(payment)[0]["id"])).refund
    [attempt] = await rows("SELECT id FROM payment_attempts WHERE refund_id = :r", r=refund_id)
    twice = RefundAccepted(replace(seen, id=str(new_id())))
    async with database.begin() as session:
        now = till.clock.now()
        await settle_refund_attempt(session, refund_id, attempt["id"], twice, now)
    assert await waits(refund_id) == "second_object"
    async with database.read() as session:
        listed = await list_for_review(session, Kind.PAYMENT, till.clock.now(), 1000)
    assert payment.id not in {item.subject.id for item in listed}
    with pytest.raises(DecisionError, match="not held"):
        await decide(refund_id, Action.RELEASE)
    await decide(refund_id, Action.CLOSE)
    assert await waits(refund_id) is None
    assert [kept[1] for kept in await history(refund_id)] == ["second_object"]


async def test_what_the_worker_goes_on_with_is_shown_and_not_decided(till, opened, decide, waits):
    refund_id, _ = await opened()
    assert await waits(refund_id) is None
    till.clock.advance(days=8)
    assert await waits(refund_id) == "open_for_days"
    for action, why in ((Action.CLOSE, "still pending"), (Action.RELEASE, "not held")):
        with pytest.raises(DecisionError, match=why):
            await decide(refund_id, action)


async def test_what_nobody_waits_for_is_not_closed_in_advance(till, decide):
    done = (await till.refund(await till.take(1000), 400)).object_id
    with pytest.raises(DecisionError, match="nothing about it waits"):
        await decide(done, Action.CLOSE)
    with pytest.raises(RefundNotFound):
        await decide(new_id(), Action.CLOSE)


async def test_an_order_nobody_answers_is_undecided_after_half_an_hour(till, waits):
    payment = await till.take(1000)
    till.fault("drop_before")
    refund_id = (await till.refund(payment, 400)).object_id
    till.clock.advance(minutes=31)
    assert await waits(refund_id) == "undecided"
