"""While the provider is asked, the database knows of no open transaction of ours."""

import json
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

import psycopg2
import pytest
from billing_parts.orders import order
from billing_parts.provider import SECRET_KEY, SHOP_ID
from billing_parts.refund_desk import Desk
from billing_parts.refunding import Till

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.capture_payment import CapturePayment, capture_payment
from billing.flows.compare_provider import compare_provider
from billing.flows.compare_refunds import compare_refunds
from billing.flows.create_payment import create_payment
from billing.flows.decide_payment import decide_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.flows.settle_payment import settle_payment
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import Connection, YooKassaAccount
from billing.idempotency.rules import KeyScope
from billing.inbox.rules import Arrival
from billing.payments.queries import get_payment
from billing.platform.database import Database
from billing.review.rules import Action, Decision

_OPEN = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend' AND xact_start IS NOT NULL
"""


class Watching(Connection):
    """Before each call it looks at what the database has open."""

    def __init__(self, account, url):
        super().__init__(account)
        self._watcher = psycopg2.connect(url)
        self._watcher.autocommit = True
        self.asked, self.open = set(), []

    async def ask(self, method, path, seconds, **request):
        with self._watcher.cursor() as cursor:
            cursor.execute(_OPEN)
            [(count,)] = cursor.fetchall()
        kind = path.rpartition("/")[2]
        kind = kind if kind in {"cancel", "capture"} else path.count("/")
        self.asked.add((method, "refund" if path.startswith("/refunds") else kind))
        if count:
            self.open.append((method, path))
        return await super().ask(method, path, seconds, **request)


class Watched(YooKassaGateway):
    """The real client over a connection that looks round."""

    hold = False

    def __init__(self, account, url):
        super().__init__(account)
        self._connection = Watching(account, url)

    @property
    def asked(self):
        return self._connection.asked

    @property
    def open(self):
        return self._connection.open

    def write_intent(self, intent):
        body = super().write_intent(intent)
        return json.dumps({**json.loads(body), "capture": False}).encode() if self.hold else body


@pytest.fixture
async def site(make_migrated, postgres_url, sandbox):
    """A database of its own: what is open there is ours. Only a superuser sees it."""
    urls = make_migrated()
    watcher = urlsplit(postgres_url)._replace(path=urlsplit(urls.owner).path).geturl()
    account = YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    database = Database(urls.service)
    async with Watched(account, watcher) as gateway:
        yield database, gateway
    await database.close()


@pytest.fixture
def make(site, clock, customer):
    database, gateway = site

    async def call(key):
        command = order(customer)
        scope = KeyScope(customer, "POST /x", key, b"same")
        created = await create_payment(database, gateway, clock, command, scope)
        async with database.read() as session:
            return await get_payment(session, UUID(created.payment_id), None)

    return call


async def test_no_story_of_money_calls_inside_a_transaction(site, make, sandbox, clock, customer):
    database, gateway = site
    paid = await make("paid")
    sandbox.succeed(paid.provider_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, paid.id)
    noticed = await make("noticed")
    body = json.dumps({"event": "payment.succeeded", "object": {"id": noticed.provider_id}})
    await receive_notification(database, clock, Arrival(body.encode(), "127.0.0.53", "r"))
    await process_notifications(database, gateway, clock)
    gateway.hold = True
    held = await make("held")
    sandbox.succeed(held.provider_id)
    await cancel_payment(
        database, gateway, clock, CancelPayment(held.id, customer, "somebody"), None
    )
    taken = await make("taken")
    sandbox.succeed(taken.provider_id)
    await capture_payment(database, gateway, clock, CapturePayment(taken.id, customer, None), None)
    gateway.hold = False
    actions = {("POST", "cancel"), ("POST", "capture")}
    assert gateway.asked >= {("POST", 1), ("GET", 2), *actions}
    assert gateway.open == []


async def test_no_refund_calls_inside_a_transaction(site, sandbox, clock, customer):
    database, gateway = site
    till = Till(database, gateway, clock, sandbox, customer)
    payment = await till.take(1000)
    await till.refund(payment, 100)
    stories = (
        ("error_500_after", {"seconds": 10}),
        ("rate_429", {"seconds": 10}),
        ("error_500_after", {"hours": 24}),
        ("refund_pending", {"seconds": 20}),
    )
    for mode, waited in stories:
        till.fault(mode)
        await till.refund(payment, 100)
        await till.work(**waited)
    till.in_cabinet(payment, "1.00")
    await till.look()
    await compare_refunds(database, gateway, clock, days=3)
    assert gateway.asked >= {("POST", "refund"), ("GET", "refund")}
    assert gateway.open == []


async def test_no_recovery_calls_inside_a_transaction(site, make, sandbox, clock):
    """One attempt at a time: what is open is then the story's own."""
    database, gateway = site

    async def recover():
        while await recover_attempts(database, gateway, clock, limit=1):
            pass

    sandbox.fault("error_500_after", times=2)
    await make("repeated")
    clock.advance(minutes=10)
    await recover()
    sandbox.fault("rate_429")
    await make("tried anew")
    clock.advance(minutes=10)
    await recover()
    sandbox.fault("error_500_after")
    await make("searched")
    clock.advance(hours=24)
    await recover()
    await compare_provider(database, gateway, clock, days=3)
    assert gateway.asked >= {("POST", 1), ("GET", 1)}
    assert gateway.open == []


async def test_no_decision_of_a_person_calls_inside_a_transaction(site, make, sandbox, clock):
    database, gateway = site
    payment = await make("held")
    sandbox.succeed(payment.provider_id)
    seen = await gateway.find_payment(payment.provider_id)
    async with database.begin() as session:
        await settle_payment(
            session, payment.id, replace(seen.payment, amount=None), gateway.shop, clock.now()
        )
    gateway.asked.clear()
    await decide_payment(
        database, gateway, clock, Decision(payment.id, Action.RELEASE, "why", "who")
    )
    assert gateway.asked == {("GET", 2)}
    assert gateway.open == []


async def test_a_decision_about_a_refund_asks_outside_of_its_transaction(
    site, sandbox, clock, customer
):
    database, gateway = site
    till = Till(database, gateway, clock, sandbox, customer)
    refunded = await till.refund(await till.take(1000), 400)
    desk = Desk(till)
    await desk.hear(refunded.object_id, status="half_done")
    gateway.asked.clear()
    await desk.decide(refunded.object_id, Action.RELEASE)
    assert gateway.asked == {("GET", "refund")}
    assert gateway.open == []


async def test_a_call_inside_a_transaction_is_found(site, make):
    """The control."""
    database, gateway = site
    payment = await make("any")
    async with database.begin() as session:
        await get_payment(session, payment.id, None)
        await gateway.find_payment(payment.provider_id)
    assert [method for method, _ in gateway.open] == ["GET"]
