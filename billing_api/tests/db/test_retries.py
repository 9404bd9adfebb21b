"""What the server undid for the sake of others is done again, a few times and whole."""

import asyncio
import threading
import time
from urllib.parse import urlsplit

import asyncpg
import psycopg2
import pytest
from sqlalchemy import text

from billing.flows.poll_payment import poll_payment
from billing.flows.settle_payment import settle_payment
from billing.payments.rules import PaymentStatus
from billing.platform.database import TRIES_MAX, Database
from billing.platform.heartbeat import beat

DEADLOCKS = 10


def raising(sqlstate):
    return text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
async def test_it_is_begun_anew_from_its_start_and_leaves_no_half(
    database, clock, customer, rows, sqlstate
):
    begun = []

    async def work(session):
        begun.append(session)
        await beat(session, f"{customer} {len(begun)}", clock.now())
        if len(begun) < TRIES_MAX:
            await session.run(raising(sqlstate))
        return len(begun)

    assert await database.transact(work) == TRIES_MAX
    kept = await rows("SELECT name FROM heartbeats WHERE name LIKE :n", n=f"{customer}%")
    assert [row["name"] for row in kept] == [f"{customer} {TRIES_MAX}"]


@pytest.mark.parametrize(
    ("sqlstate", "tries"),
    [("40P01", TRIES_MAX), ("40001", TRIES_MAX), ("55P03", 1), ("57014", 1), ("23505", 1)],
)
async def test_it_is_given_up_after_a_few_and_what_else_goes_wrong_at_once(
    database, sqlstate, tries
):
    begun = []

    async def work(session):
        begun.append(session)
        await session.run(raising(sqlstate))

    with pytest.raises(asyncpg.PostgresError) as refused:
        await database.transact(work)
    assert refused.value.sqlstate == sqlstate
    assert len(begun) == tries


class Rival:
    """Somebody who takes the same locks the other way round and is never the one to give way."""

    def __init__(self, url, customer, payment_id):
        self._connection = psycopg2.connect(url)
        self._cursor = self._connection.cursor()
        self._payment_id = payment_id
        self._cursor.execute("SET deadlock_timeout = '30s'; SET lock_timeout = '30s'")
        self._cursor.execute(
            "SELECT FROM customer_balances WHERE customer_id = %s FOR UPDATE", (customer,)
        )
        self._pid = self._connection.info.backend_pid

    def close_the_circle(self):
        """Waits until somebody waits for us, then wants what they have."""
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
        until = time.monotonic() + 20
        waiting = 0
        while not waiting and time.monotonic() < until:
            self._cursor.execute(blocked, (self._pid,))
            [(waiting,)] = self._cursor.fetchall()
        self._cursor.execute("SELECT FROM payments WHERE id = %s FOR UPDATE", (self._payment_id,))
        self._connection.rollback()
        self._connection.close()


@pytest.fixture(scope="module")
async def quick(make_migrated, postgres_url):
    """A database whose deadlocks are found at once; the rivals are its superuser."""
    urls = make_migrated()
    role = urlsplit(urls.service).username
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {role} SET deadlock_timeout = '100ms'")
    connection.close()
    superuser = urlsplit(postgres_url)._replace(path=urlsplit(urls.owner).path).geturl()
    database = Database(urls.service)
    yield database, superuser
    await database.close()


@pytest.fixture
def database(quick):
    """Of this file alone."""
    return quick[0]


async def test_a_deadlock_costs_a_pause_and_credits_once(
    quick, database, paid, books, clock, gateway, customer
):
    _, superuser = quick
    first, seen = await paid()
    async with database.begin() as session:
        await settle_payment(session, first.id, seen, gateway.shop, clock.now())
    for done in range(1, DEADLOCKS + 1):
        payment, _ = await paid()
        clock.advance(seconds=5)
        rival = threading.Thread(target=Rival(superuser, customer, payment.id).close_the_circle)
        rival.start()
        settled = await poll_payment(database, gateway, clock, payment.id)
        await asyncio.to_thread(rival.join)
        assert settled.status is PaymentStatus.SUCCEEDED
        assert await books() == ((done + 1) * 134200, done + 1)


async def test_without_beginning_anew_the_same_deadlock_undoes_the_credit(
    quick, database, paid, books, clock, gateway, customer
):
    """The control: so the rivals above do bring about what they are there for."""
    _, superuser = quick
    first, seen = await paid()
    async with database.begin() as session:
        await settle_payment(session, first.id, seen, gateway.shop, clock.now())
    payment, seen = await paid()
    rival = threading.Thread(target=Rival(superuser, customer, payment.id).close_the_circle)
    rival.start()
    with pytest.raises(asyncpg.DeadlockDetectedError):
        async with database.begin() as session:
            await settle_payment(session, payment.id, seen, gateway.shop, clock.now())
    await asyncio.to_thread(rival.join)
    assert await books() == (134200, 1)
