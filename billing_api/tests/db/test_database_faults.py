"""Whatever happens to a connection, the pool behind it heals and nobody waits for ever."""

import asyncio
import time
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import psycopg2
import pytest
from sqlalchemy import text

from billing.platform.database import UNAVAILABLE, Database

MY_PID = text("SELECT pg_backend_pid() AS pid")
SLEEP = text("SELECT pg_sleep(:seconds)")
IN_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = %s AND state LIKE 'idle in transaction%%'"
)


@pytest.fixture
async def one(urls):
    """A pool of a single connection: what one caller spoils, the next one meets."""
    database = Database(urls.service, write_pool=1, read_pool=1)
    yield database
    await database.close()


def does(url, statement, *values):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


async def test_a_caller_cut_off_in_the_middle_leaves_a_clean_connection(one, urls):
    begun = asyncio.Event()

    async def work(after):
        async with one.begin() as session:
            await session.run(text("CREATE TEMPORARY TABLE cut_off (n int) ON COMMIT DROP"))
            begun.set()
            await session.all(SLEEP, {"seconds": after})
            await asyncio.sleep(5)

    for seconds in (5, 0):  # in a statement, and between two
        cut = asyncio.create_task(work(seconds))
        await begun.wait()
        await asyncio.sleep(0.2)
        cut.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut
        begun.clear()
        role = urlsplit(urls.service).username
        assert does(urls.owner, IN_TRANSACTION, role) == [(0,)]
        async with one.begin() as session:
            found = await session.first(text("SELECT to_regclass('cut_off') AS it"))
        assert found["it"] is None


async def test_a_server_process_ended_in_a_transaction_is_unavailable_and_forgotten(one, urls):
    pids = []

    async def work(session):
        pids.append((await session.one(MY_PID))["pid"])
        if len(pids) == 1:
            does(urls.service, "SELECT pg_terminate_backend(%s)", pids[0])
            await session.all(SLEEP, {"seconds": 5})

    with pytest.raises(UNAVAILABLE):
        await one.transact(work)
    assert len(pids) == 1, "a lost connection is not tried again"
    await one.transact(work)
    assert pids[0] != pids[1]


async def test_a_migration_meanwhile_costs_no_caller_of_transact_anything(one, urls):
    role = urlsplit(urls.service).username
    name = "migrated_meanwhile"
    does(urls.owner, f"CREATE TABLE {name} (n int); INSERT INTO {name} VALUES (1)")
    does(urls.owner, f"GRANT SELECT ON {name} TO {role}")
    every = text(f"SELECT * FROM {name}")
    begun = []

    async def work(session):
        begun.append(session)
        return dict(await session.one(every))

    try:
        assert await one.transact(work) == {"n": 1}
        does(urls.owner, f"ALTER TABLE {name} ALTER n TYPE text, ADD m int")
        assert await one.transact(work) == {"n": "1", "m": None}
        assert len(begun) == 3, "the old plan was not met"
        does(urls.owner, f"ALTER TABLE {name} ADD o int")
        with pytest.raises(UNAVAILABLE):
            async with one.begin() as session:
                await session.one(every)
        async with one.begin() as session:
            assert len(dict(await session.one(every))) == 3
    finally:
        does(urls.owner, f"DROP TABLE {name}")


async def test_a_value_the_driver_cannot_write_is_a_bug_and_no_outage(one):
    """An outage is worth trying again; this would be tried for ever."""
    with pytest.raises(asyncpg.DataError) as refused:
        async with one.begin() as session:
            await session.all(text("SELECT CAST(:n AS bigint)"), {"n": "no number"})
    assert not isinstance(refused.value, UNAVAILABLE)


class Line:
    """Between us and the server: it can go silent, as a network does that drops packets."""

    def __init__(self, host, port):
        self._target = host, port
        self.open = asyncio.Event()
        self.open.set()
        self._tasks = set()

    async def carry(self, reader, writer):
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)

    async def _pump(self, source, sink):
        while data := await source.read(65536):
            await self.open.wait()
            sink.write(data)
        sink.close()

    def cut(self):
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def through_a_line(url):
    parts = urlsplit(url)
    line = Line(parts.hostname, parts.port)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = f"{parts.username}:{parts.password}@127.0.0.1:{port}"
    try:
        yield line, f"postgresql://{address}{parts.path}"
    finally:
        server.close()
        line.cut()


async def test_a_server_that_goes_silent_holds_nobody_for_long_and_is_found_again(urls):
    async with through_a_line(urls.service) as (line, url):
        database = Database(url, write_pool=2, read_pool=2, answer_seconds=1)

        async def ask():
            async with database.begin() as session:
                return await session.one(MY_PID)

        await ask()
        line.open.clear()
        started = time.monotonic()
        async with asyncio.timeout(12):
            failures = await asyncio.gather(*(ask() for _ in range(4)), return_exceptions=True)
        assert time.monotonic() - started < 10
        assert all(isinstance(failure, UNAVAILABLE) for failure in failures), failures
        line.open.set()
        async with asyncio.timeout(5):
            await ask()
        await database.close()


async def test_a_full_server_is_unavailable_and_serves_again_when_there_is_room(urls, postgres_url):
    role = urlsplit(urls.service).username
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER ROLE {role} CONNECTION LIMIT 0")
    database = Database(urls.service)
    try:
        with pytest.raises(UNAVAILABLE):
            async with database.read() as session:
                await session.first(MY_PID)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        connection.close()
    async with database.begin() as session:
        await session.one(MY_PID)
    await database.close()


async def test_a_proof_may_take_longer_than_a_request_and_no_other_statement(urls):
    """By our own limit and by the server's: a proof that is cut short proves nothing."""
    database = Database(urls.service, answer_seconds=0.3)
    slow = text("SELECT pg_sleep(0.8)")
    try:
        async with database.begin(patience_seconds=20) as session:
            await session.all(slow)
            assert (await session.one(text("SHOW statement_timeout")))["statement_timeout"] == "20s"
        with pytest.raises(TimeoutError):
            async with database.begin() as session:
                await session.all(slow)
        async with database.begin() as session:
            assert (await session.one(text("SHOW statement_timeout")))["statement_timeout"] == "15s"
    finally:
        await database.close()
