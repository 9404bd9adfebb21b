"""The feed: nothing is skipped, nothing is shown early, every change of a row is in it."""

import asyncpg
import pytest
from sqlalchemy import text

from billing.changes.queries import read_changes
from billing.changes.rules import Position
from billing.changes.store import record_change
from billing.platform.ids import new_id


async def feed(database, after=None, limit=10_000):
    async with database.read() as session:
        return await read_changes(session, after or Position(), limit)


async def record(session, name, clock):
    await record_change(session, "payment", name, version=1, at=clock.now(), data={})


async def test_a_slow_transaction_is_never_skipped(database, urls, clock):
    _, start = await feed(database)
    slow_name, fast_name = str(new_id()), str(new_id())
    slow = await asyncpg.connect(urls.service)
    transaction = slow.transaction()
    await transaction.start()
    insert = (
        "INSERT INTO changes (kind, object_id, version, at, data)"
        " VALUES ('payment', $1, 1, now(), '{}')"
    )
    await slow.execute(insert, slow_name)
    async with database.begin() as session:
        await record(session, fast_name, clock)
    items, position = await feed(database, start)
    assert items == [], "what committed after an older open transaction waits for it"
    assert position == start
    await transaction.commit()
    await slow.close()
    items, _ = await feed(database, start)
    assert [item["id"] for item in items] == [slow_name, fast_name]


async def test_pages_join_without_gap_or_repeat(database, clock):
    _, start = await feed(database)
    names = [str(new_id()) for _ in range(7)]
    for name in names:
        async with database.begin() as session:
            await record(session, name, clock)
    seen, position = [], start
    while True:
        items, position = await feed(database, position, limit=3)
        if not items:
            break
        assert str(position) == items[-1]["position"]
        seen += [item["id"] for item in items]
    assert seen == names


async def test_a_rolled_back_change_is_not_in_the_feed(database, clock):
    name = str(new_id())

    async def fail():
        async with database.begin() as session:
            await record(session, name, clock)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    items, _ = await feed(database)
    assert name not in {item["id"] for item in items}


async def test_every_version_of_a_payment_is_in_the_feed(
    create, read, sandbox, database, clock, gateway
):
    from billing.flows.poll_payment import poll_payment

    payment = await read((await create()).payment_id)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=5)
    await poll_payment(database, gateway, clock, payment.id)
    items, _ = await feed(database)
    versions = [item["version"] for item in items if item["id"] == str(payment.id)]
    assert versions == [1, 2, 3]
    last = [item for item in items if item["id"] == str(payment.id)][-1]["data"]
    assert last["status"] == "succeeded"
    assert last["customer_id"] == payment.customer_id
    assert last["provider_id"] == payment.provider_id
    assert last["value"] == "1342.00"
    assert last["undecided"] is False
    assert last["test"] is True


async def test_readers_cannot_write(database):
    async with database.read() as session:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await session.all(text("INSERT INTO heartbeats VALUES ('x', now())"))
