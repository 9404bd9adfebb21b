"""Capturing what the provider holds: taken once, and the part asked for, whatever it answers."""

import asyncio

import pytest
from billing_parts.canceling import provider_status, shown, work
from billing_parts.provider import SECRET_KEY, SHOP_ID

from billing.flows.verify_books import verify_books
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.idempotency.problems import IdempotencyInProgress, IdempotencyKeyReused
from billing.payments.problems import (
    CaptureExceedsHeld,
    CaptureInProgress,
    PaymentFinal,
    PaymentNotFound,
    PaymentNotHeld,
)
from billing.payments.rules import PaymentStatus

UNKNOWN = ["error_500_after", "error_500_before", "drop_after", "processing_202", "html_502"]
HELD, PART = 134200, 50000


@pytest.fixture
def attempts(rows):
    async def call(payment):
        found = await rows(
            "SELECT kind, state FROM payment_attempts WHERE payment_id = :p ORDER BY number",
            p=payment.id,
        )
        return [(row["kind"], row["state"]) for row in found if row["kind"] != "create"]

    return call


async def violations(database):
    return [check for check in await verify_books(database) if check.violations]


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize(("minor", "taken"), [(None, HELD), (HELD, HELD), (PART, PART)])
async def test_held_money_is_taken_and_credited(
    two_stages, capture, attempts, sandbox, read, books, database, seen, minor, taken
):
    payment = await two_stages(seen=seen)
    captured = await capture(payment.id, minor)
    assert captured.answer.status == 200
    answer = shown(captured)
    assert (answer["status"], answer["value"]) == ("succeeded", "1342.00")
    assert answer["captured_value"] == f"{taken / 100:.2f}"
    [theirs] = sandbox.payments_of(payment.id)
    assert (theirs["status"], theirs["amount"]["value"]) == ("succeeded", answer["captured_value"])
    assert await books() == (taken, 1)
    assert await attempts(payment) == [("capture", "accepted")]
    assert await violations(database) == []


async def test_the_deadline_is_known_while_the_money_is_held(two_stages, sandbox):
    payment = await two_stages()
    [theirs] = sandbox.payments_of(payment.id)
    assert (
        payment.capture_before.isoformat(timespec="milliseconds")[:19]
        == (theirs["expires_at"][:19])
    )


async def test_twice_with_one_key_gives_the_same_bytes(two_stages, capture, books):
    payment = await two_stages()
    first = await capture(payment.id, PART, key="k")
    second = await capture(payment.id, PART, key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert first.answer == second.answer
    with pytest.raises(IdempotencyKeyReused):
        await capture(payment.id, PART + 1, key="k")
    with pytest.raises(PaymentFinal):
        await capture(payment.id, PART)
    assert await books() == (PART, 1)


@pytest.mark.parametrize("key", [None, "k"])
async def test_many_at_once_take_the_money_once(two_stages, capture, attempts, books, key):
    payment = await two_stages()
    results = await asyncio.gather(
        *(capture(payment.id, PART, key=key) for _ in range(8)), return_exceptions=True
    )
    for result in results:
        told = isinstance(result, PaymentFinal | IdempotencyInProgress)
        assert told or result.answer.status in {200, 202}, result
    assert await attempts(payment) == [("capture", "accepted")]
    assert await books() == (PART, 1)


async def test_two_amounts_at_once_take_one_of_them(two_stages, capture, books, read):
    payment = await two_stages()
    results = await asyncio.gather(
        *(capture(payment.id, minor) for minor in (10000, 20000)), return_exceptions=True
    )
    [lost] = [result for result in results if isinstance(result, Exception)]
    assert isinstance(lost, CaptureInProgress | PaymentFinal)
    stored = await read(payment.id)
    assert stored.captured_minor in {10000, 20000}
    assert await books() == (stored.captured_minor, 1)


@pytest.mark.parametrize("mode", UNKNOWN)
async def test_an_unknown_outcome_is_202_and_the_worker_finishes_it(
    two_stages, capture, read, sandbox, database, gateway, clock, books, mode
):
    payment = await two_stages()
    sandbox.fault(mode)
    assert (await capture(payment.id, PART, key="k")).answer.status == 202
    assert (await read(payment.id)).status is PaymentStatus.WAITING_FOR_CAPTURE
    with pytest.raises(CaptureInProgress):
        await capture(payment.id, PART + 1)
    await work(database, gateway, clock)
    assert (await read(payment.id)).captured_minor == PART
    assert await books() == (PART, 1)
    assert (await capture(payment.id, PART, key="k")).answer.status == 200


@pytest.mark.parametrize("mode", ["rate_429", "auth_401"])
async def test_a_refusal_of_the_moment_is_tried_anew_under_a_new_key(
    two_stages, capture, attempts, sandbox, database, gateway, clock, books, mode
):
    payment = await two_stages()
    sandbox.fault(mode)
    assert (await capture(payment.id, PART)).answer.status == 202
    await work(database, gateway, clock)
    assert await attempts(payment) == [("capture", "refused"), ("capture", "accepted")]
    assert await books() == (PART, 1)


@pytest.mark.parametrize("mode", ["error_500_before", "error_500_after"])
async def test_a_day_later_the_object_is_looked_at_and_what_is_taken_stays_taken(
    two_stages, capture, attempts, sandbox, database, gateway, clock, books, mode
):
    payment = await two_stages()
    sandbox.fault(mode)
    await capture(payment.id, PART)
    await work(database, gateway, clock, seconds=24 * 3600)
    expected = {
        "error_500_before": [("capture", "lost"), ("capture", "accepted")],
        "error_500_after": [("capture", "lost")],
    }
    assert await attempts(payment) == expected[mode]
    assert await books() == (PART, 1)
    assert provider_status(sandbox, payment) == "succeeded"


async def test_a_process_that_dies_before_the_call_leaves_the_intent_to_the_worker(
    two_stages, capture, sandbox, database, gateway, clock, books
):
    payment = await two_stages()

    class Dying(YooKassaGateway):
        async def capture_payment(self, key, provider_id, body, *, seconds):
            raise ConnectionAbortedError("as if the process were gone")

    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Dying(account) as dying:
        with pytest.raises(ConnectionAbortedError):
            await capture(payment.id, PART, through=dying)
    assert provider_status(sandbox, payment) == "waiting_for_capture"
    await work(database, gateway, clock)
    assert await books() == (PART, 1)


async def test_what_cannot_be_captured_changes_nothing(
    two_stages, create, capture, cancel, read, sandbox, books, attempts
):
    pending = await read((await create()).payment_id)
    held, over = await two_stages(), await two_stages()
    await cancel(over.id)
    for payment, minor, problem in (
        (pending, None, PaymentNotHeld),
        (held, HELD + 1, CaptureExceedsHeld),
        (over, None, PaymentFinal),
    ):
        before = await read(payment.id)
        with pytest.raises(problem):
            await capture(payment.id, minor)
        assert await read(payment.id) == before
    with pytest.raises(PaymentNotFound):
        await capture(held.id, owner="a stranger")
    assert await attempts(held) == []
    assert await books() == (0, 0)
