"""What a mirror must hold at a position: newest snapshots alone, the same whenever it is asked."""

import hashlib
import json
from collections import defaultdict
from decimal import Decimal

import asyncpg
import pytest

from billing.changes.queries import read_changes, read_parity
from billing.changes.rules import Position, parse_position
from billing.changes.store import record_change
from billing.flows.poll_payment import poll_payment
from billing.platform.ids import new_id

DAY = {"payment": "created_at", "balance": "updated_at", "journal": "at"}


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def as_jsonb(value):
    """PostgreSQL's spelling: shorter keys first, then bytewise; a space after each mark."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return "{" + ", ".join(f"{as_jsonb(n)}: {as_jsonb(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_jsonb, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def amount_of(kind, data):
    if kind == "journal":
        return sum(max(Decimal(line["amount"]), Decimal(0)) for line in data["lines"])
    return Decimal(data["value" if kind == "payment" else "available"])


def expected(items, kind):
    """The contract, by a reader of the feed that knows nothing of the query."""
    newest = {}
    for item in items:
        known = newest.get(item["id"])
        if item["kind"] == kind and (known is None or item["version"] > known["version"]):
            newest[item["id"]] = item
    days = defaultdict(list)
    for name in sorted(newest, key=str.encode):
        days[newest[name]["data"][DAY[kind]][:10]].append(newest[name])
    return {
        day: (
            len(found),
            sum(amount_of(kind, one["data"]) for one in found),
            _md5("".join(_md5(_line(one)) for one in found)),
        )
        for day, found in days.items()
    }


def _line(item):
    return f"{item['id']} {item['version']} {as_jsonb(without_nulls(item['data']))}"


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()


async def told(database, kind, at):
    async with database.read() as session:
        days = await read_parity(session, kind, at)
    return {str(day.day): (day.count, day.sum, day.checksum) for day in days}


async def feed(database):
    async with database.read() as session:
        items, position = await read_changes(session, Position(), 100_000)
    # Other tests of this database put snapshots without data; a day they have none of is theirs.
    return [item for item in items if item["data"]], position


@pytest.fixture
async def traded(sandbox, gateway, clock, customer, create, read, database):
    """A paid payment, a pending one, and one whose feed told its versions in the wrong order."""
    payment = await read((await create(9900)).payment_id)
    sandbox.succeed(payment.provider_id)
    clock.advance(seconds=90_000)
    await poll_payment(database, gateway, clock, payment.id)
    await create(1234500)
    late = str(new_id())
    for version, value in ((3, "7.00"), (1, "5.00"), (2, "6.00")):
        data = {"value": value, "created_at": "2026-11-22T23:59:59.999Z", "description": 'Да "é"'}
        async with database.begin() as session:
            await record_change(
                session, "payment", late, version=version, at=clock.now(), data=data
            )
    return await feed(database)


@pytest.mark.parametrize("kind", sorted(DAY))
async def test_a_reader_of_the_feed_comes_to_the_same_figures(database, traded, kind):
    items, position = traded
    found = await told(database, kind, position)
    found.pop("None", None)
    assert found == expected(items, kind)
    assert found


async def test_every_kind_the_feed_tells_of_can_be_compared(traded):
    items, _ = traded
    assert {item["kind"] for item in items} == set(DAY)


async def test_the_figures_of_a_position_stay_while_the_feed_goes_on(database, traded, create):
    _, position = traded
    before = {kind: await told(database, kind, position) for kind in DAY}
    await create(500)
    assert {kind: await told(database, kind, position) for kind in DAY} == before
    _, later = await feed(database)
    assert await told(database, "payment", later) != before["payment"]


async def test_each_position_has_the_figures_of_what_lies_at_or_below_it(database, traded):
    items, _ = traded
    for last in range(len(items) - 4, len(items)):
        found = await told(database, "payment", parse_position(items[last]["position"]))
        found.pop("None", None)
        assert found == expected(items[: last + 1], "payment")
    assert await told(database, "payment", Position()) == {}


async def test_a_position_that_may_still_fill_has_no_figures(database, urls, clock):
    held = await asyncpg.connect(urls.service)
    transaction = held.transaction()
    await transaction.start()
    xid = await held.fetchval("SELECT pg_current_xact_id()::text::bigint")
    async with database.read() as session:
        assert await read_parity(session, "payment", Position(xid, 1)) is None
        assert await read_parity(session, "payment", Position(xid - 1, 1)) is not None
    await transaction.rollback()
    await held.close()
