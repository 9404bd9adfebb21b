"""While the provider is left alone nothing is sent, nobody is refused, and nothing is forgotten."""

import json
from uuid import UUID

import httpx
import pytest
from billing_parts.orders import order
from billing_parts.provider import SECRET_KEY, SHOP_ID
from structlog.testing import capture_logs

from billing.flows.create_payment import create_payment
from billing.flows.recover_attempts import recover_attempts
from billing.gateway.breaker import Breaker
from billing.gateway.port import Missing, Unknown
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.payments.rules import PaymentStatus
from billing.platform.budget import Budget
from billing.platform.database import Database
from billing.platform.log_fields import keep_fields

AFTER, PAUSE = 3, 20
NOBODY = "2f0a41b7-000f-5000-8000-1c2d3e4f5a6b"


@pytest.fixture
async def database(make_migrated):
    """Of each test alone: what others left open would take the probe's place."""
    made = Database(make_migrated().service)
    yield made
    await made.close()


@pytest.fixture
async def guarded(sandbox, clock):
    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    breaker = Breaker(AFTER, PAUSE, lambda: clock.now().timestamp())
    async with YooKassaGateway(account, breaker) as gateway:
        yield gateway


@pytest.fixture
def buy(database, guarded, clock, customer):
    async def call(minor=5000):
        return await create_payment(database, guarded, clock, order(customer, minor), None)

    return call


@pytest.fixture
async def is_open(sandbox, guarded):
    """The provider is away, and the breaker has noticed."""
    sandbox.fault("html_503", method="*", times=1000)
    for _ in range(AFTER):
        assert isinstance(await guarded.find_payment(NOBODY), Unknown)
    assert guarded.may_ask(20) == 0


@pytest.fixture
def attempts(rows):
    async def read(created):
        return await rows(
            "SELECT id, state, sends, last_outcome FROM payment_attempts WHERE payment_id = :p"
            " ORDER BY number",
            p=UUID(created.payment_id),
        )

    return read


def calls(sandbox):
    """How many calls the faults met."""
    faults = httpx.get(f"{sandbox.url}/_sandbox/faults", timeout=20).json()
    return sum(item["fired"] for item in faults["items"])


async def test_a_first_send_is_not_made_and_follows_later_with_its_own_key(
    is_open, buy, attempts, read, sandbox, database, guarded, clock
):
    before = calls(sandbox)
    created = await buy()
    assert created.answer.status == 202
    assert json.loads(created.answer.body)["status"] == "pending"
    [attempt] = await attempts(created)
    assert (attempt["state"], attempt["sends"]) == ("unknown", 0)
    assert calls(sandbox) == before
    sandbox.calm()
    clock.advance(seconds=6)
    assert await recover_attempts(database, guarded, clock) == 0, "still left alone"
    clock.advance(seconds=PAUSE)
    assert await recover_attempts(database, guarded, clock) == 1
    payment = await read(created.payment_id)
    assert (payment.undecided, len(sandbox.payments_of(payment.id))) == (False, 1)
    [sent] = await attempts(created)
    assert (sent["id"], sent["state"], sent["sends"]) == (attempt["id"], "accepted", 1)


async def test_one_probe_a_pause_is_counted_and_what_is_not_sent_is_not(
    is_open, buy, attempts, sandbox, database, guarded, clock
):
    waiting = [await buy() for _ in range(4)]
    before = calls(sandbox)
    for _ in range(3):
        clock.advance(seconds=PAUSE)
        while await recover_attempts(database, guarded, clock):
            pass
    assert calls(sandbox) - before == 3
    sends = [attempt["sends"] for created in waiting for attempt in await attempts(created)]
    assert sum(sends) == 3


async def test_where_the_pause_begins_between_counting_and_sending_the_count_is_taken_back(
    buy, attempts, sandbox, database, guarded, clock
):
    """Four repeats at once meet a provider that is away: the breaker opens under them."""
    sandbox.fault("html_503", times=2)
    waiting = [await buy() for _ in range(2)]
    sandbox.fault("html_503", method="*", times=1000)
    clock.advance(seconds=6)
    before = calls(sandbox)
    await recover_attempts(database, guarded, clock)
    sends = [attempt["sends"] for created in waiting for attempt in await attempts(created)]
    assert sum(sends) - len(waiting) == calls(sandbox) - before
    assert guarded.may_ask(1) == 0
    waiting.append(await buy())
    assert [a["sends"] for a in await attempts(waiting[-1])] == [0]


async def test_what_was_never_sent_and_is_then_refused_ends_at_once(
    is_open, buy, attempts, read, sandbox, database, guarded, clock
):
    """Had the send been counted, the refusal would say nothing and a day would go by."""
    created = await buy(40_000_000)
    sandbox.calm()
    clock.advance(seconds=PAUSE)
    await recover_attempts(database, guarded, clock)
    payment = await read(created.payment_id)
    assert payment.status is PaymentStatus.CANCELED
    assert payment.cancellation_reason == "invalid_request"


async def test_a_refusal_is_an_answer_and_never_opens_it(sandbox, guarded):
    for mode in ("auth_401", "rate_429"):
        sandbox.fault(mode, method="*", times=AFTER + 1)
        for _ in range(AFTER + 1):
            assert isinstance(await guarded.find_payment(NOBODY), Unknown)
    assert guarded.may_ask(20) == 20
    assert isinstance(await guarded.find_payment(NOBODY), Missing)


@pytest.mark.parametrize("mode", ["drop_before", "error_500_after", "processing_202", "empty_200"])
async def test_every_kind_of_silence_opens_it(mode, sandbox, guarded, clock):
    sandbox.fault(mode, method="*", times=1000)
    heard = [await guarded.find_payment(NOBODY) for _ in range(AFTER + 1)]
    assert [outcome.is_sent for outcome in heard] == [True] * AFTER + [False]
    sandbox.calm()
    clock.advance(seconds=PAUSE)
    assert isinstance(await guarded.find_payment(NOBODY), Missing)
    assert guarded.may_ask(20) == 20


async def test_the_log_tells_when_it_begins_and_when_it_is_over(sandbox, guarded, clock):
    sandbox.fault("html_503", method="*", times=AFTER + 1)
    with capture_logs() as lines:
        for _ in range(AFTER + 2):
            await guarded.find_payment(NOBODY)
        for _ in range(2):
            clock.advance(seconds=PAUSE)
            await guarded.find_payment(NOBODY)
    told = [line for line in lines if line["event"] != "provider call"]
    assert [(line["event"], line["state"], line["log_level"]) for line in told] == [
        ("provider is left alone", "open", "warning"),
        ("provider answers again", "closed", "warning"),
    ]
    assert len(lines) - len(told) == AFTER + 2, "what is not made is not written either"
    kept = keep_fields(None, "", told[0])
    assert (kept["suite.state"], kept["suite.retry_seconds"]) == ("open", PAUSE)


async def test_repeats_keep_to_the_budget_and_the_rest_stays_due(
    create, attempts, sandbox, database, gateway, clock
):
    sandbox.fault("error_500_before", times=9)
    waiting = [await create() for _ in range(9)]
    clock.advance(seconds=6)
    budget = Budget(4, lambda: clock.now().timestamp())
    done = []
    for _ in range(3):
        done.append(await recover_attempts(database, gateway, clock, budget=budget))
        assert await recover_attempts(database, gateway, clock, budget=budget) == 0
        counted = [(await attempts(created))[0]["sends"] for created in waiting]
        assert counted.count(2) == sum(done)
        clock.advance(seconds=1)
    assert done == [4, 4, 1]
