"""Creating a payment: it works, twice with a key, two at once, provider unknown, crash between."""

import asyncio
import json
from uuid import UUID

import pytest
from sqlalchemy import text

from billing.flows.poll_payment import poll_payment
from billing.flows.recover_attempts import recover_attempts
from billing.idempotency.problems import IdempotencyInProgress, IdempotencyKeyReused
from billing.payments.rules import PaymentStatus

UNKNOWN_MODES = (
    "error_500_after", "error_500_before", "drop_after", "drop_before", "processing_202",
    "html_502", "html_503", "truncated_json", "wrong_content_type", "empty_200",
)  # fmt: skip


def body(created) -> dict:
    return json.loads(created.answer.body)


async def test_it_works(create, read, sandbox):
    created = await create()
    assert created.answer.status == 201
    answer = body(created)
    payment = await read(created.payment_id)
    assert answer["confirmation_url"] == payment.confirmation_url
    assert payment.provider_id in payment.confirmation_url
    assert not payment.undecided
    assert payment.version == 2
    [theirs] = sandbox.payments_of(payment.id)
    assert theirs["amount"] == {"value": "1342.00", "currency": "RUB"}
    assert theirs["metadata"]["request_id"] == "request-of-a-test"


async def test_twice_with_one_key_gives_the_same_bytes_and_one_payment(create, sandbox):
    first = await create(key="k")
    second = await create(key="k")
    assert second.replayed
    assert second.answer == first.answer
    assert len(sandbox.payments_of(first.payment_id)) == 1


async def test_the_stored_answer_stays_as_it_was_given(create, sandbox, database, gateway, clock):
    first = await create(key="k")
    payment_id = UUID(first.payment_id)
    sandbox.succeed(sandbox.payments_of(payment_id)[0]["id"])
    clock.advance(seconds=5)
    settled = await poll_payment(database, gateway, clock, payment_id)
    assert settled.status is PaymentStatus.SUCCEEDED
    assert (await create(key="k")).answer == first.answer


async def test_one_key_with_another_body_is_refused(create):
    await create(key="k")
    with pytest.raises(IdempotencyKeyReused):
        await create(key="k", meaning=b"other")


async def test_the_same_key_of_another_customer_is_another_key(create, customer, rows):
    first = await create(key="shared")
    other = await rows(
        "SELECT count(*) AS n FROM idempotency_keys WHERE key = 'shared' AND caller <> :c",
        c=customer,
    )
    assert first.answer.status == 201
    assert other[0]["n"] == 0


async def test_two_at_once_make_one_payment(create, rows, customer):
    results = await asyncio.gather(*(create(key="k") for _ in range(5)), return_exceptions=True)
    made = [result for result in results if not isinstance(result, Exception)]
    refused = [result for result in results if isinstance(result, Exception)]
    assert len({result.payment_id for result in made}) == 1
    assert all(isinstance(error, IdempotencyInProgress) for error in refused)
    found = await rows("SELECT id FROM payments WHERE customer_id = :c", c=customer)
    assert len(found) == 1


@pytest.mark.parametrize("mode", UNKNOWN_MODES)
async def test_an_unknown_outcome_is_repeated_until_known(
    mode, create, read, sandbox, database, gateway, clock
):
    sandbox.fault(mode)
    created = await create(key="k")
    assert created.answer.status == 202
    assert body(created)["confirmation_url"] is None
    assert (await read(created.payment_id)).undecided
    again = await create(key="k")
    assert again.answer.status == 202
    assert not again.replayed
    clock.advance(seconds=6)
    await recover_attempts(database, gateway, clock)
    payment = await read(created.payment_id)
    assert not payment.undecided
    assert payment.confirmation_url
    assert len(sandbox.payments_of(payment.id)) == 1
    final = await create(key="k")
    assert final.answer.status == 201
    assert (await create(key="k")).replayed


async def test_a_repeat_is_not_made_before_its_time(
    create, sandbox, database, gateway, clock, rows
):
    sandbox.fault("error_500_before")
    created = await create()
    clock.advance(seconds=1)
    await recover_attempts(database, gateway, clock)
    [attempt] = await rows(
        "SELECT sends FROM payment_attempts WHERE payment_id = :p", p=UUID(created.payment_id)
    )
    assert attempt["sends"] == 1


async def test_a_crash_during_the_call_is_finished_with_the_same_key(
    create, read, rows, sandbox, database, gateway, clock, customer
):
    sandbox.fault("slow", delay=3)
    running = asyncio.create_task(create(key="k"))
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    [left] = await rows("SELECT id FROM payments WHERE customer_id = :c", c=customer)
    with pytest.raises(IdempotencyInProgress):
        await create(key="k")
    await recover_attempts(database, gateway, clock)
    assert (await read(left["id"])).undecided, "the lease still holds"
    clock.advance(seconds=30)
    assert (await create(key="k")).answer.status == 202
    await recover_attempts(database, gateway, clock)
    assert not (await read(left["id"])).undecided
    assert len(sandbox.payments_of(left["id"])) == 1
    assert (await create(key="k")).answer.status == 201


async def test_after_the_keys_window_it_is_looked_for_and_never_posted(
    create, read, sandbox, database, gateway, clock
):
    sandbox.fault("error_500_after")
    created = await create()
    clock.advance(hours=23, minutes=1)
    sandbox.fault("auth_401", times=5)
    await recover_attempts(database, gateway, clock)
    payment = await read(created.payment_id)
    assert not payment.undecided
    assert payment.provider_id == sandbox.payments_of(payment.id)[0]["id"]


async def test_what_the_provider_never_got_ends_canceled_a_day_later(
    create, read, sandbox, database, gateway, clock
):
    sandbox.fault("error_500_before")
    created = await create()
    clock.advance(hours=23, minutes=1)
    await recover_attempts(database, gateway, clock)
    assert (await read(created.payment_id)).undecided, "a late creation may still appear"
    clock.advance(hours=2)
    await recover_attempts(database, gateway, clock)
    payment = await read(created.payment_id)
    assert payment.status is PaymentStatus.CANCELED
    assert payment.cancellation_reason == "provider_never_received"
    assert sandbox.payments_of(payment.id) == []


async def test_a_real_refusal_cancels_with_its_reason(create, read, sandbox):
    created = await create(40_000_000)
    assert created.answer.status == 201
    payment = await read(created.payment_id)
    assert payment.status is PaymentStatus.CANCELED
    assert payment.cancellation_reason == "invalid_request"
    assert payment.canceled_at is not None


@pytest.mark.parametrize("mode", ["auth_401", "forbidden_403", "rate_429"])
async def test_a_refusal_for_the_moment_is_tried_anew_with_a_new_key(
    mode, create, read, rows, sandbox, database, gateway, clock
):
    sandbox.fault(mode)
    created = await create()
    assert created.answer.status == 202
    clock.advance(seconds=70)
    await recover_attempts(database, gateway, clock)
    payment = await read(created.payment_id)
    assert not payment.undecided
    attempts = await rows(
        "SELECT state FROM payment_attempts WHERE payment_id = :p ORDER BY number", p=payment.id
    )
    assert [row["state"] for row in attempts] == ["refused", "accepted"]
    assert len(sandbox.payments_of(payment.id)) == 1


async def test_a_refused_repeat_is_looked_for_before_anything_is_given_up(
    create, read, sandbox, database, gateway, clock, rows
):
    """The send before it may have been taken: only the provider's list can tell."""
    sandbox.fault("error_500_after")
    created = await create()
    async with database.begin() as session:
        await session.run(
            text("UPDATE payment_attempts SET body = :b WHERE payment_id = :p"),
            {
                "b": b'{"amount": {"value": "1.00", "currency": "RUB"}}',
                "p": UUID(created.payment_id),
            },
        )
    clock.advance(seconds=6)
    await recover_attempts(database, gateway, clock)
    [attempt] = await rows(
        "SELECT state FROM payment_attempts WHERE payment_id = :p", p=UUID(created.payment_id)
    )
    assert attempt["state"] == "lookup"
    clock.advance(seconds=1)
    await recover_attempts(database, gateway, clock)
    payment = await read(created.payment_id)
    assert payment.provider_id is not None
    assert len(sandbox.payments_of(payment.id)) == 1
