"""Writes that travel together are one transaction all the same, and keep their order."""

import asyncpg
import pytest
from sqlalchemy import text

from billing.balance.rules import BalanceChange
from billing.balance.store import lock_balance, move_balance
from billing.changes.store import record_change
from billing.outbox.store import add_event
from billing.platform.ids import new_id
from billing.platform.statements import bind_together

EVENTS = text("SELECT event FROM outbox WHERE object_id = :id ORDER BY id")
CHANGES = text("SELECT version FROM changes WHERE object_id = :id ORDER BY seq")
PAID = text("SELECT paid_minor, version FROM customer_balances WHERE customer_id = :id")


@pytest.fixture
def database(own_database):
    return own_database


@pytest.fixture
def tell(clock):
    async def call(session, thing, event="told"):
        await add_event(session, event, thing, at=clock.now(), data={})

    return call


@pytest.fixture
def record(clock):
    async def call(session, thing, version):
        data = {"v": version}
        await record_change(session, "test", thing, version=version, at=clock.now(), data=data)

    return call


async def all_of(database, statement, thing):
    async with database.read() as session:
        return [tuple(row.values()) for row in await session.all(statement, {"id": str(thing)})]


async def test_what_waits_is_seen_by_the_next_question(database, tell, record):
    thing = new_id()
    async with database.begin() as session:
        await tell(session, thing)
        await record(session, thing, 1)
        assert len(await session.all(EVENTS, {"id": str(thing)})) == 1
        assert len(await session.all(CHANGES, {"id": str(thing)})) == 1


async def test_what_waits_is_written_before_the_commit(database, tell, record):
    thing = new_id()
    async with database.begin() as session:
        await tell(session, thing)
        await record(session, thing, 1)
    assert await all_of(database, EVENTS, thing) == [("told",)]
    assert await all_of(database, CHANGES, thing) == [(1,)]


async def test_rows_of_one_table_keep_their_order(database, tell, record):
    thing = new_id()
    async with database.begin() as session:
        for version in range(1, 6):
            await record(session, thing, version)
            await tell(session, thing, f"e{version}")
    assert await all_of(database, CHANGES, thing) == [(version,) for version in range(1, 6)]
    assert await all_of(database, EVENTS, thing) == [(f"e{n}",) for n in range(1, 6)]


async def test_nothing_is_written_where_the_work_fails(database, tell):
    thing = new_id()

    async def work(session):
        await tell(session, thing)
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(work)
    assert await all_of(database, EVENTS, thing) == []


async def test_one_of_them_refused_undoes_all(database, clock, customer, tell):
    """Found only when they travel, which is before COMMIT."""
    thing, at = new_id(), clock.now()

    async def work(session):
        balance = await lock_balance(session, customer, "RUB", at)
        await move_balance(session, balance, BalanceChange(paid_minor=-1), at)
        await tell(session, thing)

    with pytest.raises(asyncpg.CheckViolationError):
        await database.transact(work)
    assert await all_of(database, EVENTS, thing) == []
    assert await all_of(database, PAID, customer) == []


async def test_a_balance_is_what_was_said_of_it_before_it_was_written(database, clock, customer):
    at = clock.now()
    async with database.begin() as session:
        balance = await lock_balance(session, customer, "RUB", at)
        for minor in (500, -200):
            balance = await move_balance(session, balance, BalanceChange(paid_minor=minor), at)
        assert balance == await lock_balance(session, customer, "RUB", at)
        assert (balance.paid_minor, balance.version) == (300, 2)
        # No journal explains it, and the books of this database are proved by others.
        await move_balance(session, balance, BalanceChange(paid_minor=-300), at)
    assert await all_of(database, PAID, customer) == [(0, 3)]


async def test_values_find_their_places_in_what_travels_together(database):
    pairs = [(text(f"SELECT CAST(:a AS int) + {n}, :b, :a"), {"a": n, "b": str(n)}) for n in (1, 2)]
    sql, values = bind_together(pairs)
    assert values == [1, "1", 2, "2"]
    assert "$3" in sql.rpartition(")")[2]
    assert bind_together(pairs[:1])[1] == [1, "1"]


def test_a_statement_with_parts_of_its_own_does_not_travel_with_others():
    """PostgreSQL changes rows only in the parts at the top."""
    several = [(text("SELECT 1"), None), (text("\n  WITH x AS (SELECT 1) SELECT * FROM x"), None)]
    with pytest.raises(ValueError, match="travels alone"):
        bind_together(several)
