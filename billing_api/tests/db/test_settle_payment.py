"""One apply: whoever brings the news, the balance is credited once; what does not fit is held."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_later import NotThere
from billing.flows.settle_payment import Effect, settle_payment
from billing.gateway.port import Refused, Unknown
from billing.inbox.rules import Arrival
from billing.payments.rules import PaymentStatus
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.strict_json import dump_json
from billing.review.queries import list_for_review
from billing.review.rules import Kind


@pytest.fixture
def settle(database, gateway, clock):
    async def call(payment_id, seen, shop=None):
        async with database.begin() as session:
            return await settle_payment(
                session, payment_id, seen, shop or gateway.shop, clock.now()
            )

    return call


@pytest.fixture
def notify(database, clock, gateway):
    async def call(provider_id, event="payment.succeeded", **more):
        body = dump_json(
            {"type": "notification", "event": event, "object": {"id": provider_id, **more}}
        )
        await receive_notification(database, clock, Arrival(body, "127.0.0.53", "r"))
        await process_notifications(database, gateway, clock)

    return call


async def test_it_works(paid, settle, read, books, rows):
    payment, seen = await paid()
    settled = await settle(payment.id, seen)
    assert settled.effect is Effect.MOVED
    stored = await read(payment.id)
    assert stored.status is PaymentStatus.SUCCEEDED
    assert stored.version == 3
    assert stored.paid_at == seen.captured_at
    assert await books() == (134200, 1)
    lines = await rows(
        "SELECT a.kind, p.amount_minor FROM postings p JOIN accounts a ON a.id = p.account_id"
        " JOIN journals j ON j.id = p.journal_id WHERE j.payment_id = :p ORDER BY p.line_no",
        p=payment.id,
    )
    assert [tuple(line.values()) for line in lines] == [
        ("provider", -134200),
        ("customer_paid", 134200),
    ]
    events = await rows("SELECT event FROM outbox WHERE object_id = :p", p=str(payment.id))
    assert [row["event"] for row in events] == ["payment.succeeded"]


async def test_twice_credits_once(paid, settle, books):
    payment, seen = await paid()
    await settle(payment.id, seen)
    assert (await settle(payment.id, seen)).effect is Effect.UNCHANGED
    assert await books() == (134200, 1)


async def test_many_at_once_credit_once(paid, settle, books):
    payment, seen = await paid()
    effects = await asyncio.gather(*(settle(payment.id, seen) for _ in range(8)))
    assert sorted(settled.effect for settled in effects).count(Effect.MOVED) == 1
    assert await books() == (134200, 1)


async def test_many_payments_of_one_customer_at_once_all_arrive(paid, settle, books):
    pairs = [await paid() for _ in range(5)]
    await asyncio.gather(*(settle(payment.id, seen) for payment, seen in pairs))
    assert await books() == (5 * 134200, 5)


async def test_poll_notification_and_return_page_at_once_credit_once(
    create, read, sandbox, database, gateway, clock, notify, books
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=5)
    await asyncio.gather(
        poll_payment(database, gateway, clock, payment.id),
        notify(payment.provider_id),
        notify(payment.provider_id, amount={"value": "9999.00", "currency": "RUB"}),
        poll_payment(database, gateway, clock, payment.id),
    )
    assert (await read(payment.id)).status is PaymentStatus.SUCCEEDED
    assert await books() == (134200, 1)


async def test_old_news_does_not_turn_a_payment_back(paid, settle, read, books):
    payment, seen = await paid()
    await settle(payment.id, seen)
    late = await settle(payment.id, replace(seen, status="waiting_for_capture"))
    assert late.effect is Effect.UNCHANGED
    stored = await read(payment.id)
    assert (stored.status, stored.provider_status) == (PaymentStatus.SUCCEEDED, "succeeded")
    assert await books() == (134200, 1)


async def test_states_may_be_skipped_and_passed_through(paid, settle, read, books):
    payment, seen = await paid()
    await settle(payment.id, replace(seen, status="waiting_for_capture"))
    assert (await read(payment.id)).status is PaymentStatus.WAITING_FOR_CAPTURE
    assert await books() == (0, 0)
    await settle(payment.id, seen)
    assert await books() == (134200, 1)


async def test_a_state_nobody_knows_is_held_and_books_nothing(paid, settle, read, books):
    payment, seen = await paid()
    held = await settle(payment.id, replace(seen, status="partially_approved"))
    assert held.effect is Effect.QUARANTINED
    stored = await read(payment.id)
    assert (stored.status, stored.quarantine_reason) == (PaymentStatus.PENDING, "unknown_status")
    assert stored.provider_status == "partially_approved"
    assert (await settle(payment.id, seen)).effect is Effect.QUARANTINED, "a person decides"
    assert await books() == (0, 0)


async def test_a_cancellation_is_kept_with_its_reason_and_books_nothing(
    create, read, sandbox, notify, books
):
    payment = await read((await create()).payment_id)
    sandbox.cancel(payment.provider_id)
    await notify(payment.provider_id, "payment.canceled")
    stored = await read(payment.id)
    assert stored.status is PaymentStatus.CANCELED
    assert stored.cancellation_reason == "general_decline"
    assert await books() == (0, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": Money(134201, "RUB")}, "amount_mismatch"),
        ({"amount": None}, "currency_mismatch"),
        ({"account_id": "999999"}, "shop_mismatch"),
        ({"payment_uid": None}, "metadata_mismatch"),
        ({"test": False}, "test_flag_changed"),
    ],
)
async def test_what_does_not_agree_is_held_and_nothing_is_booked(
    changes, reason, paid, settle, read, books
):
    payment, seen = await paid()
    held = await settle(payment.id, replace(seen, **changes))
    assert held.effect is Effect.QUARANTINED
    stored = await read(payment.id)
    assert stored.quarantine_reason == reason
    assert stored.status is PaymentStatus.PENDING
    assert (await settle(payment.id, seen)).effect is Effect.QUARANTINED, "a person decides"
    assert await books() == (0, 0)


async def test_a_test_payment_is_held_where_only_real_ones_count(paid, settle, gateway, books):
    payment, seen = await paid()
    strict = replace(gateway.shop, accepts_test=False)
    assert (await settle(payment.id, seen, strict)).effect is Effect.QUARANTINED
    assert await books() == (0, 0)


async def test_an_object_of_another_payment_does_not_harm_this_one(paid, settle, read, books):
    payment, seen = await paid()
    foreign = replace(seen, id=str(new_id()), amount=Money(1, "RUB"))
    assert (await settle(payment.id, foreign)).effect is Effect.FOREIGN
    assert (await read(payment.id)).quarantine_reason is None
    await settle(payment.id, seen)
    assert await books() == (134200, 1)


async def test_the_other_end_after_the_end_is_held_and_takes_nothing_back(
    paid, settle, read, books
):
    payment, seen = await paid()
    await settle(payment.id, seen)
    await settle(payment.id, replace(seen, status="canceled"))
    stored = await read(payment.id)
    assert stored.status is PaymentStatus.SUCCEEDED
    assert stored.quarantine_reason == "contradicts_final_state"
    assert await books() == (134200, 1)


async def test_what_is_owed_is_repaid_by_the_next_top_up(paid, settle, purse, rows, customer):
    payment, seen = await paid()
    await purse.owe(34200)
    await settle(payment.id, seen)
    [balance] = await rows(
        "SELECT paid_minor, receivable_minor FROM customer_balances WHERE customer_id = :c",
        c=customer,
    )
    assert (balance["paid_minor"], balance["receivable_minor"]) == (100000, 0)


async def test_old_news_of_what_is_over_starts_no_new_asking(paid, settle, rows):
    payment, seen = await paid()
    await settle(payment.id, seen)
    await settle(payment.id, replace(seen, confirmation_url="https://provider.test/another"))
    [turn] = await rows("SELECT next_at FROM payment_polls WHERE payment_id = :p", p=payment.id)
    assert turn["next_at"] is None


async def test_a_late_answer_does_not_reopen_what_a_person_is_to_decide(
    create, read, sandbox, settle, gateway, database, clock, rows
):
    sandbox.fault("error_500_after")
    created = await create()
    [theirs] = sandbox.payments_of(created.payment_id)
    seen = await gateway.find_payment(theirs["id"])
    payment_id = UUID(created.payment_id)
    await settle(payment_id, replace(seen.payment, amount=Money(1, "RUB")))
    [attempt] = await rows("SELECT id FROM payment_attempts WHERE payment_id = :p", p=payment_id)
    for outcome in (Unknown("late"), Refused("x", "", temporary=True), NotThere()):
        async with database.begin() as session:
            await settle_attempt(
                session,
                payment_id,
                attempt["id"],
                outcome,
                shop=gateway.shop,
                now=clock.now(),
            )
    clock.advance(minutes=10)
    await recover_attempts(database, gateway, clock)
    payment = await read(payment_id)
    assert payment.status is PaymentStatus.PENDING
    assert payment.quarantine_reason == "amount_mismatch"
    assert len(sandbox.payments_of(payment_id)) == 1


async def test_the_review_lists_what_waits_for_a_person(paid, settle, create, database, clock):
    held, seen = await paid()
    await settle(held.id, replace(seen, amount=None))
    fine = UUID((await create()).payment_id)
    async with database.read() as session:
        now = {
            item.subject.id
            for item in await list_for_review(session, Kind.PAYMENT, clock.now(), 1000)
        }
        clock.advance(days=5)
        later = {
            item.subject.id
            for item in await list_for_review(session, Kind.PAYMENT, clock.now(), 1000)
        }
    assert held.id in now
    assert fine not in now
    assert fine in later
