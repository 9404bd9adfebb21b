"""What a person decides about a payment that waits for one, kept for good and done once."""

import asyncio
from dataclasses import replace
from uuid import UUID

import psycopg2
import pytest
from billing_parts.provider import SECRET_KEY, SHOP_ID
from sqlalchemy import text

from billing.flows.compare_provider import compare_provider
from billing.flows.decide_payment import decide_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.recover_attempts import recover_attempts
from billing.flows.settle_payment import Effect, settle_payment
from billing.flows.verify_books import verify_books
from billing.gateway.port import Accepted
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.problems import PaymentNotFound
from billing.payments.rules import PaymentStatus
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.problems import ValidationFailed
from billing.review.problems import DecisionError
from billing.review.queries import get_reviewed, list_for_review
from billing.review.rules import Action, Decision, Kind


class Canceled(YooKassaGateway):
    """The same client; whatever it finds is canceled."""

    async def find_payment(self, provider_id, *, seconds=10):
        seen = await super().find_payment(provider_id, seconds=seconds)
        return Accepted(replace(seen.payment, status="canceled"))


@pytest.fixture
def settle(database, gateway, clock):
    async def call(payment_id, seen):
        async with database.begin() as session:
            return await settle_payment(session, payment_id, seen, gateway.shop, clock.now())

    return call


@pytest.fixture
def decide(database, gateway, clock, read):
    async def call(payment_id, action, provider_id=None, reason="looked at it", at=gateway):
        decision = Decision(payment_id, action, reason, "an operator", provider_id)
        await decide_payment(database, at, clock, decision)
        return await read(payment_id)

    return call


@pytest.fixture
def waits(database, clock):
    async def call(payment_id):
        async with database.read() as session:
            listed = await list_for_review(session, Kind.PAYMENT, clock.now(), 1000)
        return payment_id in {item.subject.id for item in listed}

    return call


@pytest.fixture
def history(database, clock):
    async def call(payment_id):
        async with database.read() as session:
            item = await get_reviewed(session, payment_id, clock.now())
        return [(kept.action, kept.found, kept.reason, kept.decided_by) for kept in item.decisions]

    return call


@pytest.fixture
async def sound_books(database):
    """Whatever a test does here, the books are proved after it."""
    yield
    assert [check for check in await verify_books(database) if check.violations] == []


@pytest.fixture
def given_up(create, read, sandbox, settle, database, gateway, clock):
    """Canceled here because the provider never had it, and paid there all the same."""

    async def make():
        sandbox.fault("drop_before")
        payment_id = UUID((await create()).payment_id)
        clock.advance(hours=26)
        while await recover_attempts(database, gateway, clock, limit=1000):
            pass
        ended = await read(payment_id)
        assert ended.cancellation_reason == "provider_never_received"
        [attempt] = await rows_of(database, payment_id)
        made = await gateway.create_payment(attempt["id"], bytes(attempt["body"]), seconds=10)
        sandbox.succeed(made.payment.id)
        seen = (await gateway.find_payment(made.payment.id)).payment
        assert (await settle(payment_id, seen)).effect is Effect.QUARANTINED
        return payment_id, seen

    return make


async def rows_of(database, payment_id):
    statement = text("SELECT id, body FROM payment_attempts WHERE payment_id = :p")
    async with database.read() as session:
        return await session.all(statement, {"p": payment_id})


pytestmark = pytest.mark.usefixtures("sound_books")


@pytest.mark.parametrize(
    ("change", "found"),
    [({"amount": Money(1, "RUB")}, "amount_mismatch"), ({"status": "half_done"}, "unknown_status")],
)
async def test_a_released_payment_is_credited_by_what_the_provider_says_now(
    paid, settle, decide, waits, history, books, change, found
):
    payment, seen = await paid()
    await settle(payment.id, replace(seen, **change))
    assert await waits(payment.id)
    released = await decide(payment.id, Action.RELEASE)
    assert released.status is PaymentStatus.SUCCEEDED
    assert await books() == (134200, 1)
    assert not await waits(payment.id)
    assert await history(payment.id) == [(Action.RELEASE, found, "looked at it", "an operator")]


async def test_a_payment_that_still_does_not_agree_stays_held_and_nothing_is_kept(
    paid, settle, decide, read, waits, history, books, sandbox
):
    payment, seen = await paid()
    await settle(payment.id, replace(seen, test=False))
    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=False)
    async with YooKassaGateway(account) as strict:
        with pytest.raises(DecisionError, match="test_payment_in_production"):
            await decide(payment.id, Action.RELEASE, at=strict)
    assert await waits(payment.id)
    assert (await read(payment.id)).quarantine_reason == "test_flag_changed"
    assert await history(payment.id) == []
    assert await books() == (0, 0)


async def test_what_is_not_held_is_not_released(create, decide):
    with pytest.raises(DecisionError, match="not held"):
        await decide(UUID((await create()).payment_id), Action.RELEASE)


async def test_released_many_times_at_once_it_is_credited_once(
    paid, settle, decide, history, books
):
    payment, seen = await paid()
    await settle(payment.id, replace(seen, amount=None))
    found = await asyncio.gather(
        *(decide(payment.id, Action.RELEASE) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(item, DecisionError) for item in found) == 5
    assert await books() == (134200, 1)
    assert len(await history(payment.id)) == 1


async def test_money_taken_for_what_was_given_up_is_booked_late_and_once(
    given_up, read, settle, decide, waits, books, database, gateway, clock
):
    payment_id, seen = await given_up()
    assert await books() == (0, 0)
    with pytest.raises(DecisionError, match="name it"):
        await decide(payment_id, Action.RELEASE)
    before = await compare_provider(database, gateway, clock, days=3)
    booked = await decide(payment_id, Action.RELEASE, seen.id)
    assert (booked.status, booked.provider_id) == (PaymentStatus.CANCELED, seen.id)
    assert await books() == (134200, 1)
    assert (await settle(payment_id, seen)).effect is Effect.UNCHANGED, "the same news again"
    with pytest.raises(DecisionError):
        await decide(payment_id, Action.RELEASE, seen.id)
    assert await books() == (134200, 1)
    after = await compare_provider(database, gateway, clock, days=3)
    stranger = "the provider's paid ones with our mark are known here"
    assert after == {**before, stranger: before[stranger] - 1}
    assert not await waits(payment_id)


async def test_another_payments_object_cannot_be_booked_for_it(
    given_up, paid, decide, waits, books
):
    payment_id, _ = await given_up()
    _, foreign = await paid()
    with pytest.raises(DecisionError, match="metadata_mismatch"):
        await decide(payment_id, Action.RELEASE, foreign.id)
    with pytest.raises(DecisionError, match="does not show"):
        await decide(payment_id, Action.RELEASE, str(new_id()))
    assert await waits(payment_id)
    assert await books() == (0, 0)


async def test_a_closed_payment_is_canceled_and_the_same_words_do_not_hold_it_again(
    paid, read, settle, decide, waits, history, books
):
    payment, seen = await paid()
    wrong = replace(seen, amount=Money(1, "RUB"))
    await settle(payment.id, wrong)
    closed = await decide(payment.id, Action.CLOSE, reason="given back in the cabinet")
    assert (closed.status, closed.cancellation_reason) == (
        PaymentStatus.CANCELED,
        "closed_by_staff",
    )
    assert (await settle(payment.id, wrong)).effect is Effect.UNCHANGED
    assert not await waits(payment.id)
    assert (await settle(payment.id, replace(seen, status="canceled", test=False))).effect is (
        Effect.QUARANTINED
    ), "other news are for a person again"
    assert await waits(payment.id)
    assert [kept[2] for kept in await history(payment.id)] == ["given back in the cabinet"]
    assert await books() == (0, 0)


async def test_a_final_payment_whose_other_end_was_looked_at_stays_as_it_is(
    paid, settle, decide, waits, books, database, gateway, clock
):
    payment, seen = await paid()
    await settle(payment.id, seen)
    await settle(payment.id, replace(seen, status="canceled"))
    closed = await decide(payment.id, Action.CLOSE)
    assert (closed.status, closed.quarantine_reason) == (PaymentStatus.SUCCEEDED, None)
    assert (await settle(payment.id, replace(seen, status="canceled"))).effect is Effect.UNCHANGED
    assert not await waits(payment.id)
    assert await books() == (134200, 1)


async def test_released_while_nobody_has_paid_it_is_polled_on(
    create, read, settle, decide, gateway, rows
):
    payment = await read((await create()).payment_id)
    seen = (await gateway.find_payment(payment.provider_id)).payment
    await settle(payment.id, replace(seen, amount=Money(1, "RUB")))
    released = await decide(payment.id, Action.RELEASE)
    assert (released.status, released.provider_status) == (PaymentStatus.PENDING, "pending")
    [poll] = await rows("SELECT next_at FROM payment_polls WHERE payment_id = :p", p=payment.id)
    assert poll["next_at"] is not None


async def test_of_one_that_succeeded_the_other_end_is_not_released(
    paid, settle, decide, waits, history, books, sandbox
):
    payment, seen = await paid()
    await settle(payment.id, seen)
    await settle(payment.id, replace(seen, status="canceled"))
    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with Canceled(account) as elsewhere:
        with pytest.raises(DecisionError, match="contradicts_final_state"):
            await decide(payment.id, Action.RELEASE, at=elsewhere)
    assert await waits(payment.id)
    assert await history(payment.id) == []
    released = await decide(payment.id, Action.RELEASE)
    assert (released.status, released.provider_status) == (PaymentStatus.SUCCEEDED, "succeeded")
    assert not await waits(payment.id)
    assert await books() == (134200, 1)


async def test_paid_after_a_wish_to_cancel_leaves_the_list_when_closed(
    create, read, sandbox, cancel, decide, waits, history, database, gateway, clock
):
    payment = await read((await create()).payment_id)
    await cancel(payment.id)
    with pytest.raises(DecisionError, match="still pending"):
        await decide(payment.id, Action.CLOSE)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    assert await waits(payment.id)
    await decide(payment.id, Action.CLOSE)
    assert not await waits(payment.id)
    assert [kept[1] for kept in await history(payment.id)] == ["paid_after_cancel_request"]


async def test_a_decision_needs_a_payment_a_reason_and_somebody(decide, clock):
    with pytest.raises(PaymentNotFound):
        await decide(new_id(), Action.CLOSE)
    for reason, decided_by in (("", "x"), (" ", "x"), ("x" * 501, "x"), ("x\x00", "x"), ("x", "")):
        with pytest.raises(ValidationFailed):
            Decision(new_id(), Action.CLOSE, reason, decided_by)


async def test_nobody_rewrites_a_decision(paid, settle, decide, urls):
    payment, seen = await paid()
    await settle(payment.id, replace(seen, amount=None))
    await decide(payment.id, Action.RELEASE)
    connection = psycopg2.connect(urls.owner)
    with connection.cursor() as cursor, pytest.raises(psycopg2.Error, match="append-only"):
        cursor.execute("UPDATE payment_decisions SET reason = 'another'")
    connection.close()
