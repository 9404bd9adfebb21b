"""What the database itself refuses, whoever connects; and the proof of the books."""

import psycopg2
import psycopg2.errors
import pytest

from billing.flows.compare_provider import compare_provider
from billing.flows.poll_payment import poll_payment
from billing.flows.verify_books import verify_books
from billing.platform.ids import new_id


@pytest.fixture(params=["service", "owner"])
def role(request, urls):
    connection = psycopg2.connect(getattr(urls, request.param))
    yield connection
    connection.rollback()
    connection.close()


@pytest.fixture
async def journal(create, read, sandbox, database, gateway, clock, rows):
    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    [row] = await rows("SELECT id FROM journals WHERE payment_id = :p", p=payment.id)
    return row["id"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET amount_minor = amount_minor + 1",
        "DELETE FROM postings",
        "TRUNCATE postings CASCADE",
        "UPDATE journals SET description = ''",
        "DELETE FROM journals",
        "TRUNCATE journals CASCADE",
        "UPDATE accounts SET kind = 'revenue'",
        "DELETE FROM accounts",
        "UPDATE changes SET version = 0",
        "DELETE FROM changes",
        "TRUNCATE changes",
    ],
)
async def test_what_is_written_in_the_books_stays(statement, role, journal):
    with role.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE postings DISABLE TRIGGER ALL",
        "DROP TABLE postings",
        "DELETE FROM payments",
        "TRUNCATE payments CASCADE",
        "CREATE TABLE mine (id integer)",
    ],
)
def test_the_service_may_only_do_its_work(statement, urls):
    connection = psycopg2.connect(urls.service)
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
    connection.close()


def insert_journal(cursor, lines):
    journal_id = str(new_id())
    cursor.execute(
        "INSERT INTO journals (id, kind, at, description) VALUES (%s, 'test', now(), '')",
        (journal_id,),
    )
    for number, (kind, amount, currency) in enumerate(lines, start=1):
        cursor.execute(
            "INSERT INTO accounts (kind, currency) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (kind, currency),
        )
        cursor.execute(
            "INSERT INTO postings (journal_id, line_no, account_id, currency, amount_minor)"
            " SELECT %s, %s, id, currency, %s FROM accounts"
            " WHERE kind = %s AND currency = %s AND customer_id IS NULL",
            (journal_id, number, amount, kind, currency),
        )
    return journal_id


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [("provider", -100, "RUB")],
        [("provider", -100, "RUB"), ("revenue", 99, "RUB")],
        [("provider", -100, "RUB"), ("revenue", 100, "USD")],
    ],
)
def test_a_journal_that_does_not_sum_to_zero_cannot_be_committed(lines, role):
    with role.cursor() as cursor:
        insert_journal(cursor, lines)
        with pytest.raises(psycopg2.errors.CheckViolation):
            role.commit()


async def test_a_closed_journal_takes_no_more_lines(role, journal):
    with role.cursor() as cursor:
        cursor.execute(
            "INSERT INTO postings (journal_id, line_no, account_id, currency, amount_minor)"
            " SELECT %s, 90 + n, id, currency, CASE n WHEN 1 THEN 5 ELSE -5 END"
            " FROM accounts, generate_series(1, 2) n WHERE kind = 'provider' AND currency = 'RUB'",
            (str(journal),),
        )
        with pytest.raises(psycopg2.errors.CheckViolation):
            role.commit()


async def test_a_payment_is_booked_once_whatever_is_tried(role, journal):
    with role.cursor() as cursor, pytest.raises(psycopg2.errors.UniqueViolation):
        cursor.execute(
            "INSERT INTO journals (id, kind, payment_id, at, description)"
            " SELECT %s, kind, payment_id, at, '' FROM journals WHERE id = %s",
            (str(new_id()), str(journal)),
        )


async def test_a_balance_cannot_fall_below_zero(role, journal, customer):
    with role.cursor() as cursor, pytest.raises(psycopg2.errors.CheckViolation):
        cursor.execute(
            "UPDATE customer_balances SET paid_minor = paid_minor - 134201 WHERE customer_id = %s",
            (customer,),
        )


@pytest.mark.parametrize(
    "change",
    [
        "status = 'pending', paid_at = NULL, version = version + 1",
        "status = 'canceled', paid_at = NULL, canceled_at = now(), version = version + 1",
        "amount_minor = 1, version = version + 1",
        "customer_id = 'thief', version = version + 1",
        "provider_id = 'other', version = version + 1",
        "description = 'silently'",
        "version = version + 2",
    ],
)
async def test_a_settled_payment_cannot_be_rewritten(change, role, journal, customer):
    with role.cursor() as cursor, pytest.raises(psycopg2.errors.RaiseException):
        cursor.execute(f"UPDATE payments SET {change} WHERE customer_id = %s", (customer,))


async def test_sound_books_are_proved(database, journal):
    checks = await verify_books(database)
    assert len(checks) >= 9
    assert {check.name: check.violations for check in checks} == {check.name: 0 for check in checks}


async def test_a_balance_that_was_tampered_with_is_found(database, urls, journal, customer):
    owner = psycopg2.connect(urls.owner)
    statement = "UPDATE customer_balances SET paid_minor = paid_minor + %s WHERE customer_id = %s"
    with owner, owner.cursor() as cursor:
        cursor.execute(statement, (1, customer))
    try:
        found = {check.name: check.violations for check in await verify_books(database)}
        assert found["running balances equal the sums of their postings"] == 1
    finally:
        with owner, owner.cursor() as cursor:
            cursor.execute(statement, (-1, customer))
        owner.close()


async def test_the_provider_agrees_in_both_directions(
    database, gateway, clock, journal, create, read, sandbox
):
    clock.advance(seconds=1)
    figures = await compare_provider(database, gateway, clock, days=1)
    assert figures["both sides agree on the amount"] == 0
    assert figures["ours with the provider's id are in the provider's list"] == 0
    known = figures["the provider's paid ones with our mark are known here"]
    sandbox.fault("error_500_after")
    lost = await create()
    sandbox.succeed(sandbox.payments_of(lost.payment_id)[0]["id"])
    figures = await compare_provider(database, gateway, clock, days=1)
    assert figures["the provider's paid ones with our mark are known here"] == known + 1
