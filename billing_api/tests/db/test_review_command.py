"""`billing review` as an operator types it: list, release, close, history."""

import asyncio
from dataclasses import replace

import pytest
from billing_parts.provider import SECRET_KEY, SHOP_ID
from typer.testing import CliRunner

from billing.cli import app
from billing.flows.settle_payment import settle_payment
from billing.flows.settle_refund import settle_refund
from billing.payments.rules import PaymentStatus
from billing.refunds.queries import get_refund


@pytest.fixture
def review(urls, sandbox, tmp_path):
    environment = {
        "VAR_DIR": str(tmp_path),
        "ENVIRONMENT": "development",
        "BILLING_DATABASE_URL": urls.service,
        "YOOKASSA_API_URL": sandbox.api,
        "YOOKASSA_SHOP_ID": SHOP_ID,
        "YOOKASSA_SECRET_KEY": SECRET_KEY,
    }

    async def call(*words):
        # The command runs a loop of its own.
        command = ["review", *map(str, words)]
        return await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)

    return call


@pytest.fixture
def held(paid, database, gateway, clock):
    async def make():
        payment, seen = await paid()
        async with database.begin() as session:
            await settle_payment(
                session, payment.id, replace(seen, amount=None), gateway.shop, clock.now()
            )
        return payment

    return make


async def test_a_held_payment_is_listed_released_and_explained(held, review, read, books):
    payment = await held()
    listed = await review("--limit", "1000")
    [line] = [line for line in listed.output.splitlines() if str(payment.id) in line]
    assert "1342.00 RUB  pending  currency_mismatch" in line
    released = await review("release", payment.id, "--reason", "seen in the cabinet", "--by", "ann")
    assert released.exit_code == 0, released.output
    assert "succeeded" in released.output
    assert str(payment.id) not in (await review("--limit", "1000")).output
    told = (await review("history", payment.id)).output
    assert "ann  release  found currency_mismatch  seen in the cabinet" in told
    assert (await read(payment.id)).status is PaymentStatus.SUCCEEDED
    assert await books() == (134200, 1)


async def test_a_refused_decision_says_so_and_changes_nothing(held, review, read):
    payment = await held()
    closed = await review("close", payment.id, "--reason", "given back")
    assert closed.exit_code == 0, closed.output
    again = await review("release", payment.id, "--reason", "a change of mind")
    assert again.exit_code == 1
    assert "nothing is changed: it is not held" in again.output
    nobody = await review("close", "0196f3a0-7d5e-7cc3-98a5-6c1f0e0d1b2a", "--reason", "x")
    assert nobody.exit_code == 1
    empty = await review("close", payment.id, "--reason", "")
    assert empty.exit_code == 1
    without = await review("close", payment.id)
    assert without.exit_code == 2
    assert (await read(payment.id)).status is PaymentStatus.CANCELED


async def test_a_held_refund_is_listed_closed_and_explained(till, review):
    refund_id = (await till.refund(await till.take(1000), 400)).object_id
    await hold_refund(till, refund_id)
    listed = await review("--limit", "1000")
    [line] = [line for line in listed.output.splitlines() if str(refund_id) in line]
    assert line.startswith(f"refund {refund_id}  4.00 RUB  succeeded  contradicts_final_state")
    closed = await review("close", refund_id, "--reason", "seen in the cabinet", "--by", "ann")
    assert closed.output.splitlines() == [f"refund {refund_id}  4.00 RUB  succeeded"]
    assert str(refund_id) not in (await review("--limit", "1000")).output
    told = (await review("history", refund_id)).output
    assert "ann  close  found contradicts_final_state  seen in the cabinet" in told


async def hold_refund(till, refund_id):
    """The provider is heard to have refused what it made."""
    async with till.database.begin() as session:
        provider_id = (await get_refund(session, refund_id, None)).provider_id
        seen = (await till.gateway.find_refund(provider_id)).refund
        canceled = replace(seen, status="canceled")
        await settle_refund(session, refund_id, canceled, till.clock.now())


async def test_a_debt_is_listed(purse, review, customer):
    await purse.owe(500)
    listed = await review("--limit", "1000")
    [line] = [line for line in listed.output.splitlines() if customer in line]
    assert line.startswith("receivable ")
    assert "  5.00 RUB  customer_owes  " in line


async def test_an_unknown_payment_has_no_history(review):
    nobody = await review("history", "0196f3a0-7d5e-7cc3-98a5-6c1f0e0d1b2a")
    assert (nobody.exit_code, "No such item" in nobody.output) == (1, True)
