"""News of one payment in every order, and many copies at once: the end is always the same."""

import asyncio
from dataclasses import replace
from itertools import permutations
from uuid import UUID

import pytest

from billing.flows.capture_payment import CapturePayment, capture_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_held import settle_held
from billing.flows.settle_later import NotThere
from billing.flows.settle_payment import settle_payment
from billing.flows.verify_books import verify_books
from billing.gateway.port import Accepted, Refused, Unknown
from billing.idempotency.problems import IdempotencyInProgress
from billing.inbox.rules import Arrival
from billing.payments.rules import PaymentStatus
from billing.platform.money import Money
from billing.platform.strict_json import dump_json

COPIES = 20
WAITING, SUCCEEDED, CANCELED = "waiting_for_capture", "succeeded", "canceled"
LATE_ANSWERS = {
    "unknown": Unknown("late"),
    "refused": Refused("invalid_request", "", temporary=False),
    "refused for now": Refused("too_many_requests", "", temporary=True),
    "not there": NotThere(),
}


@pytest.fixture
def tell(database, gateway, clock, rows):
    """Brings one piece of news: a state of the provider's object, or what the create call heard."""

    async def call(payment, seen, word):
        async with database.begin() as session:
            if word == "accepted" or word in LATE_ANSWERS:
                [attempt] = await rows(
                    "SELECT id FROM payment_attempts WHERE payment_id = :p", p=payment.id
                )
                pending = Accepted(replace(seen, status="pending"))
                outcome = LATE_ANSWERS.get(word, pending)
                await settle_attempt(
                    session, payment.id, attempt["id"], outcome,
                    shop=gateway.shop, now=clock.now(),
                )  # fmt: skip
            else:
                news = replace(seen, status=word)
                await settle_payment(session, payment.id, news, gateway.shop, clock.now())

    return call


@pytest.fixture
def unanswered(create, read, sandbox, gateway):
    """Made there, while the creating call still runs or its answer was lost: undecided here."""

    async def make():
        sandbox.fault("error_500_after")
        payment = await read((await create()).payment_id)
        [theirs] = sandbox.payments_of(payment.id)
        return payment, (await gateway.find_payment(theirs["id"])).payment

    return make


@pytest.fixture
def capture_in_part(two_stages, database, gateway, clock, customer, read, sandbox, rows):
    """Captured there while our call's answer is still to come: both objects, and the attempt."""

    async def make():
        payment = await two_stages()
        whole = (await gateway.find_payment(payment.provider_id)).payment
        sandbox.fault("error_500_after")
        command = CapturePayment(payment.id, customer, Money(50000, "RUB"))
        await capture_payment(database, gateway, clock, command, None)
        part = (await gateway.find_payment(payment.provider_id)).payment
        assert (part.status, part.amount.minor) == (SUCCEEDED, 50000)
        [attempt] = await rows(
            "SELECT id FROM payment_attempts WHERE payment_id = :p AND kind = 'capture'",
            p=payment.id,
        )
        return await read(payment.id), whole, part, attempt["id"]

    return make


async def journals_of(rows, payment):
    [row] = await rows("SELECT count(*) AS n FROM journals WHERE payment_id = :p", p=payment.id)
    return row["n"]


@pytest.mark.parametrize("late", ["accepted", "unknown"])
async def test_paid_in_every_order_of_the_news(unanswered, tell, read, rows, database, late):
    words = ("pending", WAITING, SUCCEEDED, late)
    for order in permutations(words):
        payment, seen = await unanswered()
        for word in order:
            await tell(payment, seen, word)
        stored = await read(payment.id)
        assert stored.status is PaymentStatus.SUCCEEDED, order
        assert (stored.undecided, stored.quarantine_reason) == (False, None), order
        assert await journals_of(rows, payment) == 1, order
    assert [check for check in await verify_books(database) if check.violations] == []


async def test_a_word_nobody_knows_stops_every_order_of_the_news_where_it_comes(
    unanswered, tell, read, rows, database
):
    for order in permutations(("pending", SUCCEEDED, "accepted", "a_new_word")):
        payment, seen = await unanswered()
        for word in order:
            await tell(payment, seen, word)
        paid = order.index(SUCCEEDED) < order.index("a_new_word")
        stored = await read(payment.id)
        assert stored.status == (SUCCEEDED if paid else "pending"), order
        assert stored.quarantine_reason == "unknown_status", order
        assert await journals_of(rows, payment) == int(paid), order
    assert [check for check in await verify_books(database) if check.violations] == []


async def test_a_part_captured_in_every_order_of_the_news(
    capture_in_part, tell, read, rows, database, gateway
):
    """Our own call's late answer among them, twice; old news carry the whole amount on hold."""
    words = ("pending", WAITING, SUCCEEDED, SUCCEEDED, "captured", "silence")
    for order in sorted(set(permutations(words))):
        payment, whole, part, attempt_id = await capture_in_part()
        for word in order:
            if word in ("captured", "silence"):
                outcome = Accepted(part) if word == "captured" else Unknown("late")
                async with database.begin() as session:
                    await settle_held(
                        session,
                        payment.id,
                        attempt_id,
                        outcome,
                        shop=gateway.shop,
                        now=payment.created_at,
                    )
            else:
                await tell(payment, part if word == SUCCEEDED else whole, word)
        stored = await read(payment.id)
        assert (stored.status, stored.captured_minor) == (SUCCEEDED, 50000), order
        assert (stored.undecided, stored.quarantine_reason) == (False, None), order
        assert await journals_of(rows, payment) == 1, order
    assert [check for check in await verify_books(database) if check.violations] == []


@pytest.mark.parametrize("late", sorted(LATE_ANSWERS))
async def test_what_the_call_heard_late_takes_nothing_back(unanswered, tell, read, rows, late):
    for order in permutations((SUCCEEDED, late, SUCCEEDED)):
        if order[0] == late and late not in ("unknown", "refused for now"):
            continue  # an end before the money: the next test
        payment, seen = await unanswered()
        for word in order:
            await tell(payment, seen, word)
        assert (await read(payment.id)).status is PaymentStatus.SUCCEEDED, order
        assert await journals_of(rows, payment) == 1, order


async def test_two_ends_in_every_order_stop_at_the_first_and_wait_for_a_person(
    unanswered, tell, read, rows
):
    for order in permutations(("pending", WAITING, SUCCEEDED, CANCELED)):
        payment, seen = await unanswered()
        for word in order:
            await tell(payment, seen, word)
        first = next(word for word in order if word in (SUCCEEDED, CANCELED))
        stored = await read(payment.id)
        assert stored.status == first, order
        assert stored.quarantine_reason == "contradicts_final_state", order
        assert await journals_of(rows, payment) == int(first == SUCCEEDED), order


async def test_twenty_copies_at_once_and_four_workers_credit_once(
    create, read, sandbox, database, gateway, clock, books, rows
):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    body = dump_json(
        {"event": "payment.succeeded", "object": {"id": payment.provider_id}, "type": "x"}
    )

    async def notify():
        await receive_notification(database, clock, Arrival(body, "127.0.0.53", "r"))
        await process_notifications(database, gateway, clock)

    async with asyncio.TaskGroup() as group:
        for _ in range(COPIES):
            group.create_task(notify())
    await process_notifications(database, gateway, clock)
    kept = await rows(
        "SELECT copies, outcome FROM inbox WHERE object_id = :p", p=payment.provider_id
    )
    assert kept == [{"copies": COPIES, "outcome": "settled"}]
    assert await books() == (134200, 1)


async def test_twenty_clicks_at_once_with_one_key_make_one_payment(create, sandbox, rows, customer):
    answers = await asyncio.gather(
        *(create(key="click") for _ in range(COPIES)), return_exceptions=True
    )
    made = {UUID(a.payment_id) for a in answers if not isinstance(a, BaseException)}
    told_to_wait = [a for a in answers if isinstance(a, BaseException)]
    assert all(isinstance(a, IdempotencyInProgress) for a in told_to_wait)
    [kept] = await rows("SELECT id FROM payments WHERE customer_id = :c", c=customer)
    assert made == {kept["id"]}
    assert len(sandbox.payments_of(kept["id"])) == 1
