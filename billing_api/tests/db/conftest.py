"""Shorthands of the tests that call flows on a real database and a real provider."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from billing.flows.create_payment import Created, CreatePayment, create_payment
from billing.gateway.port import Accepted
from billing.idempotency.rules import KeyScope
from billing.payments.queries import get_payment
from billing.payments.rules import Payment
from billing.platform.money import Money

Create = Callable[..., Awaitable[Created]]


@pytest.fixture
def create(database, gateway, clock, customer) -> Create:
    async def call(
        minor: int = 134200, *, key: str | None = None, meaning: bytes = b"same"
    ) -> Created:
        command = CreatePayment(
            customer_id=customer,
            amount=Money(minor, "RUB"),
            description="Оплата подписки",
            return_url=None,
            default_return_url="https://shop.test/pay/return/{id}",
            request_id="request-of-a-test",
        )
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
