"""Shorthands of the tests that call flows on a real database and a real provider."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from billing_parts.orders import order
from billing_parts.provider import SECRET_KEY, SHOP_ID
from sqlalchemy import text

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.capture_payment import CapturePayment, capture_payment
from billing.flows.create_payment import Created, create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.verify_books import PROOFS
from billing.gateway.port import Accepted
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.idempotency.rules import KeyScope
from billing.payments.queries import get_payment
from billing.payments.rules import OnExpiry, Payment, PaymentStatus
from billing.platform.database import Database
from billing.platform.money import Money

Create = Callable[..., Awaitable[Created]]


@pytest.fixture
def create(database, gateway, clock, customer) -> Create:
    async def call(
        minor: int = 134200, *, key: str | None = None, meaning: bytes = b"same"
    ) -> Created:
        command = order(customer, minor, description="Оплата подписки")
        scope = None if key is None else KeyScope(customer, "POST /x", key, meaning)
        return await create_payment(database, gateway, clock, command, scope)

    return call


@pytest.fixture
def read(database) -> Callable[[str | UUID], Awaitable[Payment]]:
    async def call(payment_id: str | UUID) -> Payment:
        async with database.read() as session:
            return await get_payment(session, UUID(str(payment_id)), None)

    return call


@pytest.fixture
def rows(database) -> Callable[..., Awaitable[list[dict[str, Any]]]]:
    async def call(statement: str, **parameters: Any) -> list[dict[str, Any]]:
        async with database.read() as session:
            return [dict(row) for row in await session.all(text(statement), parameters)]

    return call


@pytest.fixture
def books(rows, customer) -> Callable[[], Awaitable[tuple[int, int]]]:
    """(what the customer has, how many journals say so)."""

    async def call() -> tuple[int, int]:
        balance = await rows(
            "SELECT paid_minor FROM customer_balances WHERE customer_id = :c", c=customer
        )
        journals = await rows(
            "SELECT j.id FROM journals j JOIN payments p ON p.id = j.payment_id"
            " WHERE p.customer_id = :c",
            c=customer,
        )
        return (balance[0]["paid_minor"] if balance else 0), len(journals)

    return call


@pytest.fixture
def paid(create, read, sandbox, gateway):
    """A payment here still pending, and the provider's object saying that it is paid."""

    async def make():
        payment = await read((await create()).payment_id)
        sandbox.succeed(payment.provider_id)
        seen = await gateway.find_payment(payment.provider_id)
        assert isinstance(seen, Accepted)
        return payment, seen.payment

    return make


class HoldingGateway(YooKassaGateway):
    """The same client asking for two stages: paying only holds the money."""

    def write_intent(self, intent):
        body = json.loads(super().write_intent(intent))
        return json.dumps({**body, "capture": False}).encode()


@pytest.fixture
async def holding(sandbox):
    async with HoldingGateway(
        YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    ) as gateway:
        yield gateway


@pytest.fixture
def cancel(database, gateway, clock, customer):
    async def call(payment_id, *, key=None, owner=customer, by="somebody"):
        command = CancelPayment(UUID(str(payment_id)), owner, by)
        scope = None if key is None else KeyScope(customer, "POST /cancel", key, b"same")
        return await cancel_payment(database, gateway, clock, command, scope)

    return call


@pytest.fixture
def hold(database, holding, clock, customer, read, sandbox):
    """A payment whose money the provider holds, as yet unknown here when `seen` is False."""

    async def make(*, seen=True):
        command = order(customer)
        created = await create_payment(database, holding, clock, command, None)
        payment = await read(created.payment_id)
        sandbox.succeed(payment.provider_id)
        if seen:
            clock.advance(seconds=5)
            payment = await poll_payment(database, holding, clock, payment.id)
            assert payment.status is PaymentStatus.WAITING_FOR_CAPTURE
        return payment

    return make


@pytest.fixture
def two_stages(database, gateway, clock, customer, read, sandbox):
    """A payment that only holds money, paid; as yet unknown here when `seen` is False."""

    async def make(minor=134200, *, policy=OnExpiry.RELEASE, seen=True):
        command = order(customer, minor, capture=False, on_expiry=policy)
        created = await create_payment(database, gateway, clock, command, None)
        payment = await read(created.payment_id)
        sandbox.succeed(payment.provider_id)
        if seen:
            clock.advance(seconds=5)
            payment = await poll_payment(database, gateway, clock, payment.id)
            assert payment.status is PaymentStatus.WAITING_FOR_CAPTURE
        return payment

    return make


@pytest.fixture
def capture(database, gateway, clock, customer):
    async def call(payment_id, minor=None, *, key=None, owner=customer, through=gateway):
        part = None if minor is None else Money(minor, "RUB")
        command = CapturePayment(UUID(str(payment_id)), owner, part)
        scope = None
        if key is not None:
            scope = KeyScope(customer, "POST /capture", key, str(minor).encode())
        return await capture_payment(database, through, clock, command, scope)

    return call


@pytest.fixture(scope="module")
async def own_database(make_migrated) -> AsyncIterator[Database]:
    """For a file whose books no proof would accept: others prove those of the shared database."""
    made = Database(make_migrated().service)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def find_faults() -> Callable[[str, str], set[str]]:
    """Which proofs see what somebody with the owner's rights and without triggers has done."""

    def find(superuser_url: str, statement: str) -> set[str]:
        connection = psycopg2.connect(superuser_url)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute(statement)
                assert cursor.rowcount > 0, "the fault met nothing"
                found = set()
                for proof, query in PROOFS:
                    cursor.execute(f"SELECT count(*) FROM ({query}) AS violation")
                    if cursor.fetchone()[0]:
                        found.add(proof)
                return found
        finally:
            connection.rollback()
            connection.close()

    return find
