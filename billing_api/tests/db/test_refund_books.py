"""The proof of the books knows every refund: sound after all of them, and each fault is found."""

from urllib.parse import urlsplit

import psycopg2
import pytest
from billing_parts.purse import Purse
from billing_parts.refunding import Till

from billing.flows.verify_books import verify_books
from billing.ledger.refund_proofs import OF_REFUNDS
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.database import Database

RESERVED = "every refund to a card was reserved with its amount"
SUCCEEDED = "every refund that succeeded has one journal with its amount"
RETURNED = "every refund that was canceled is back on the balance"
OF_STATE = "a refund's journals are those of its state"
ASIDE = "a refund's journals keep aside what it reserves, and nothing once it is over"
REFUNDED = "what was refunded of a payment is the sum of its refunds' journals"
REFUNDING = "what is being refunded of a payment is the sum of its open refunds"
# What somebody with the owner's rights and without triggers does, and which proofs must say so.
FAULTS = {
    "a refund of another amount": (
        "UPDATE refunds SET amount_minor = amount_minor + 1",
        {RESERVED, SUCCEEDED, RETURNED, REFUNDED, REFUNDING, ASIDE},
    ),
    "a refund nobody booked": (
        (
            "INSERT INTO refunds SELECT gen_random_uuid(), payment_id, customer_id, status, 5,"
            " currency, reason, sent_to, origin, requested_by, NULL, NULL, undecided, NULL, NULL,"
            " created_at, updated_at, ended_at, NULL FROM refunds"
            " WHERE origin = 'ours' AND sent_to = 'card' AND status = 'succeeded' LIMIT 1"
        ),
        {RESERVED, SUCCEEDED},
    ),
    "a refund that is open again": (
        (
            "UPDATE refunds SET status = 'pending', ended_at = NULL"
            " WHERE status = 'succeeded' AND origin = 'ours' AND sent_to = 'card'"
        ),
        {OF_STATE, ASIDE, REFUNDING},
    ),
    "a refund that ended otherwise": (
        (
            "UPDATE refunds SET status = 'canceled', cancellation_reason = 'x'"
            " WHERE status = 'succeeded' AND origin = 'ours' AND sent_to = 'card'"
        ),
        {RETURNED, OF_STATE},
    ),
    "a refund of the cabinet that claims to be ours": (
        "UPDATE refunds SET origin = 'ours', requested_by = 'x' WHERE origin = 'cabinet'",
        {RESERVED, SUCCEEDED, OF_STATE},
    ),
    "a payment refunded more": (
        (
            "UPDATE payments SET refunded_minor = refunded_minor + 1"
            " WHERE refunded_minor < captured_minor"
        ),
        {REFUNDED},
    ),
    "a payment refunded beyond what was captured": (
        (
            "ALTER TABLE payments DROP CONSTRAINT payments_refunded;"
            " UPDATE payments SET refunded_minor = captured_minor + 1"
        ),
        {"no payment is refunded beyond what was captured of it"},
    ),
    "a payment that forgot a refund": (
        "UPDATE payments SET refunding_minor = 0 WHERE refunding_minor > 0",
        {REFUNDING},
    ),
    "a refund of somebody else": (
        "UPDATE refunds SET customer_id = 'somebody-else'",
        {
            "a refund is of its payment's customer and currency",
            "a refund's journal moves its own customer's money",
        },
    ),
    "a refund that is gone": (
        "DELETE FROM refunds WHERE origin = 'cabinet'",
        {"every journal of a subject has its subject", REFUNDED},
    ),
    "a refund to the balance of another amount": (
        "UPDATE refunds SET amount_minor = amount_minor + 1 WHERE sent_to = 'balance'",
        {
            "every refund to the balance has one journal with its amount",
            "what a refund to the balance gave back is the sum of the charges it reversed",
        },
    ),
}


@pytest.fixture(scope="module")
async def busy(make_migrated, postgres_url, gateway, _flow_sandbox):
    """A customer whose payments were refunded in every way, in books of their own."""
    urls = make_migrated()
    database, clock = Database(urls.service), ManualClock(SystemClock().now())
    till = Till(database, gateway, clock, _flow_sandbox, "busy")
    purse = Purse(database, clock, "busy")
    payment = await till.take(10_000)
    await till.refund(payment, 1_000)
    till.fault("refund_canceled", reason="insufficient_funds")
    await till.refund(payment, 700)
    till.fault("refund_pending")
    await till.refund(payment, 600)
    till.in_cabinet(payment, "5.00")
    await till.look()
    await purse.charge(2_000)
    await till.give_back(payment, 800)
    other = await till.take(300)
    await purse.charge(6_900)
    till.in_cabinet(other)
    await till.look()
    name = urls.owner.rpartition("/")[2]
    yield database, urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    await database.close()
    _flow_sandbox.calm()


async def broken(database) -> set[str]:
    return {check.name for check in await verify_books(database) if check.violations}


async def test_the_books_hold_after_everything(busy):
    database, _ = busy
    assert await broken(database) == set()


def test_every_proof_has_a_fault_that_it_finds():
    found = {proof for _, proofs in FAULTS.values() for proof in proofs}
    assert {name for name, _ in OF_REFUNDS} <= found


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_found_by_its_proof(busy, find_faults, name):
    database, superuser = busy
    statement, proofs = FAULTS[name]
    assert proofs <= find_faults(superuser, statement)
    assert await broken(database) == set(), "the fault was undone"


def test_the_database_refuses_more_than_was_captured(busy):
    """Whatever the service's code does: the guard stands in the database."""
    _, superuser = busy
    connection = psycopg2.connect(superuser)
    statement = (
        "UPDATE payments SET refunding_minor = captured_minor - refunded_minor + 1,"
        " version = version + 1 WHERE captured_minor > refunded_minor"
    )
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.RaiseException):
        cursor.execute(statement)
    connection.rollback()
    lost = "UPDATE payments SET refunded_minor = 0, version = version + 1 WHERE refunded_minor > 0"
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.RaiseException):
        cursor.execute(lost)
    connection.close()
