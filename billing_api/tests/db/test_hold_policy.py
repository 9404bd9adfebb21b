"""Held money nobody decided about: captured or given back before its time runs out."""

from datetime import timedelta

import pytest
from billing_parts.canceling import provider_status, work

from billing.flows.apply_hold_policy import PAUSE, apply_hold_policy
from billing.payments.attempt_store import close_attempts
from billing.payments.attempts import AttemptState
from billing.payments.rules import HOLD_POLLED_AFTER, OnExpiry, PaymentStatus, next_poll
from billing.platform.clock import ManualClock

MARGIN = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def apply(database, gateway, rows):
    """The policy at an instant of its own: how many attempts at the held money there are then."""

    async def call(payment, at):
        await apply_hold_policy(database, gateway, ManualClock(at), margin=MARGIN, limit=1000)
        [count] = await rows(
            "SELECT count(*) AS n FROM payment_attempts WHERE payment_id = :p AND kind <> 'create'",
            p=payment.id,
        )
        return count["n"]

    return call


@pytest.mark.parametrize(
    ("policy", "status", "credited"),
    [
        (OnExpiry.CAPTURE, PaymentStatus.SUCCEEDED, (134200, 1)),
        (OnExpiry.RELEASE, PaymentStatus.CANCELED, (0, 0)),
    ],
)
async def test_an_hour_before_the_deadline_the_policy_is_applied_once(
    two_stages, apply, database, gateway, read, books, sandbox, policy, status, credited
):
    payment = await two_stages(policy=policy)
    begin = payment.capture_before - MARGIN
    assert await apply(payment, begin - SECOND) == 0
    assert await apply(payment, begin) == 1
    assert await apply(payment, begin) == 1, "a call for it is open"
    await work(database, gateway, ManualClock(begin), seconds=1)
    assert (await read(payment.id)).status is status
    assert provider_status(sandbox, payment) == status
    assert await books() == credited
    assert await apply(payment, begin + PAUSE) == 1


async def test_whose_cancellation_was_asked_for_is_not_captured(
    two_stages, apply, cancel, database, gateway, clock, sandbox, read, rows
):
    payment = await two_stages(policy=OnExpiry.CAPTURE)
    sandbox.fault("rate_429", times=30)
    assert (await cancel(payment.id)).answer.status == 202
    await apply(payment, payment.capture_before - MARGIN)
    kinds = await rows(
        "SELECT DISTINCT kind FROM payment_attempts WHERE payment_id = :p", p=payment.id
    )
    assert {row["kind"] for row in kinds} == {"create", "cancel"}


async def test_a_one_stage_payment_has_no_policy(hold, apply):
    payment = await hold()
    assert payment.on_expiry is None
    assert await apply(payment, payment.capture_before - SECOND) == 0


async def test_what_was_refused_is_asked_again_after_a_pause_until_the_deadline(
    two_stages, apply, database
):
    payment = await two_stages()
    at = payment.capture_before - MARGIN
    assert await apply(payment, at) == 1
    async with database.begin() as session:
        await close_attempts(session, payment.id, AttemptState.REFUSED, next_poll=None)
    assert await apply(payment, at + PAUSE - SECOND) == 1
    assert await apply(payment, payment.capture_before + SECOND) == 1, "too late"
    assert await apply(payment, at + PAUSE) == 2


@pytest.mark.parametrize("days", [1, 7, 60])
def test_a_held_payment_is_polled_past_its_deadline_however_long_the_hold_is(clock, days):
    begun = clock.now()
    deadline = begun + timedelta(days=days)
    turns, at = [], begun
    while at is not None:
        turns.append(at)
        at = next_poll(begun, at, deadline)
        if at is not None and at > deadline + timedelta(days=2):
            break
    after = [turn - deadline for turn in turns if turn >= deadline]
    assert timedelta(0) <= after[0] <= timedelta(minutes=5)
    assert sum(wait <= HOLD_POLLED_AFTER for wait in after) >= 11
    without = next_poll(begun, deadline - timedelta(hours=2), None)
    assert (without is None) is (days == 60), "the control: the calendar alone ends after a month"
