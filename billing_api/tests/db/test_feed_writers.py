"""Many writers that commit in any order: the feed's reader misses nothing, a naive one does."""

import asyncio
import random
import time

import asyncpg
import pytest
from sqlalchemy import text

from billing.changes.queries import read_changes
from billing.changes.rules import Position
from billing.platform.database import Database

WRITERS, CHANGES, LARGEST = 8, 20_000, 40
INSERT = (
    "INSERT INTO changes (kind, object_id, version, at, data)"
    " VALUES ('payment', $1, 1, now(), '{}')"
)
AFTER_NUMBER = text("SELECT seq, object_id FROM changes WHERE seq > :last ORDER BY seq LIMIT 500")


@pytest.fixture
async def quiet(make_migrated):
    """A database nobody else writes: its address for writers, and a reader's."""
    urls = make_migrated()
    database = Database(urls.service)
    yield urls.service, database
    await database.close()


async def write(url, writer, count, luck):
    """`count` changes, a few a transaction, each of which stays open a while before its commit."""
    connection = await asyncpg.connect(url)
    written = 0
    while written < count:
        some = min(luck.randint(1, LARGEST), count - written)
        names = [(f"{writer}-{number}",) for number in range(written, written + some)]
        async with connection.transaction():
            await connection.executemany(INSERT, names)
            await asyncio.sleep(luck.uniform(0, 0.02))
        written += some
    await connection.close()


async def follow(database, done):
    """What the feed gives, until the writers are done and all is there or nothing more comes.

    A transaction of anybody in this server holds the feed back, hence the patience at the end.
    """
    seen, position, patience = [], Position(), 2_000
    while patience and not (done.is_set() and len(seen) >= CHANGES):
        async with database.read() as session:
            items, position = await read_changes(session, position, 500)
        seen += [item["id"] for item in items]
        patience -= done.is_set() and not items
        await asyncio.sleep(0.002)
    async with database.read() as session:
        items, _ = await read_changes(session, position, 500)
    return seen + [item["id"] for item in items]


async def follow_numbers(database, done):
    """The same with `id > last`, as everybody writes it first."""
    seen, last = [], 0
    while True:
        over = done.is_set()
        async with database.read() as session:
            rows = await session.all(AFTER_NUMBER, {"last": last})
        seen += [row["object_id"] for row in rows]
        last = rows[-1]["seq"] if rows else last
        if over and not rows:
            return seen
        await asyncio.sleep(0.002)


async def test_eight_writers_and_nothing_is_missing_where_numbers_alone_would_miss(quiet):
    url, database = quiet
    luck, done = random.Random(20_000), asyncio.Event()
    readers = [asyncio.create_task(read(database, done)) for read in (follow, follow_numbers)]
    share = CHANGES // WRITERS
    await asyncio.gather(*(write(url, writer, share, luck) for writer in range(WRITERS)))
    done.set()
    seen, seen_by_number = await asyncio.gather(*readers)
    written = {f"{writer}-{number}" for writer in range(WRITERS) for number in range(share)}
    assert len(written) == len(seen) == CHANGES, "every change once"
    assert set(seen) == written
    missed = written - set(seen_by_number)
    print(f"{CHANGES} changes: 0 missing, by number alone {len(missed)}")
    assert missed, "the control saw no commit out of order: the run proved nothing"


async def test_an_idle_transaction_delays_the_feed_and_loses_nothing(quiet):
    url, database = quiet
    idle = await asyncpg.connect(url)
    transaction = idle.transaction()
    await transaction.start()
    await idle.execute(INSERT, "idle")
    await write(url, "busy", 200, random.Random(1))
    async with database.read() as session:
        items, position = await read_changes(session, Position(), 500)
    assert (items, position) == ([], Position()), "held back, all of it"
    await transaction.commit()
    await idle.close()
    async with database.read() as session:
        items, _ = await read_changes(session, position, 500)
    assert [item["id"] for item in items] == ["idle", *(f"busy-{n}" for n in range(200))]


async def test_a_transaction_left_idle_is_ended_by_the_server_and_the_feed_goes_on(quiet):
    url, database = quiet
    timeout = {"idle_in_transaction_session_timeout": "300"}
    idle = await asyncpg.connect(url, server_settings=timeout)
    await idle.execute("BEGIN")
    await idle.execute(INSERT, "forgotten")
    await write(url, "busy", 50, random.Random(2))
    started, items = time.monotonic(), []
    while not items and time.monotonic() - started < 10:
        async with database.read() as session:
            items, _ = await read_changes(session, Position(), 500)
        await asyncio.sleep(0.02)
    assert [item["id"] for item in items] == [f"busy-{n}" for n in range(50)]
    idle.terminate()
