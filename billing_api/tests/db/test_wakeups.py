"""Wake-ups cross processes at once, survive lost connections, and are only ever a hint."""

import asyncio
from contextlib import asynccontextmanager

import asyncpg
import psycopg2

from billing.platform.wakeups import ListeningDriver, Waker, listen


@asynccontextmanager
async def listening(url):
    """Gives a list that grows by one at each look."""
    looks, stopping = [], asyncio.Event()
    task = asyncio.create_task(listen(url, lambda: looks.append(1), stopping))
    try:
        yield looks
    finally:
        stopping.set()
        await asyncio.wait_for(task, 10)


async def grows(looks, seconds):
    before, loop = len(looks), asyncio.get_running_loop()
    started = loop.time()
    while len(looks) == before:
        assert loop.time() - started < seconds
        await asyncio.sleep(0.01)
    return loop.time() - started


async def test_the_schedule_looks_every_second_or_two(urls):
    async with listening(urls.service) as looks:
        await grows(looks, 10)
        await grows(looks, 4)


async def test_a_wake_up_arrives_well_before_the_schedule(urls):
    async with listening(urls.service) as looks, Waker(urls.service) as waker:
        await grows(looks, 10)
        delays = []
        for _ in range(4):
            waker.wake()
            delays.append(await grows(looks, 4))
            await asyncio.sleep(0.2)
        assert min(delays) < 0.5


async def test_lost_connections_are_made_anew(urls, postgres_url):
    async with listening(urls.service) as looks, Waker(urls.service) as waker:
        await grows(looks, 10)
        superuser = psycopg2.connect(postgres_url)
        with superuser, superuser.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name = 'billing-wakeups'",
                (urls.service.rpartition("/")[2],),
            )
            assert cursor.fetchone()[0] >= 2
        superuser.close()
        await asyncio.sleep(0.5)
        await grows(looks, 15)
        waker.wake()
        await grows(looks, 15)


async def test_a_health_probe_waits_until_somebody_listens(urls):
    """A probe that overtook LISTEN was never heard, and a healthy listener was given up."""
    async with asyncpg.create_pool(urls.service, min_size=1, max_size=3) as pool:
        driver, heard = ListeningDriver(pool), asyncio.Event()
        async with driver:
            probe = asyncio.create_task(driver.notify("a_channel", "x"))
            await asyncio.sleep(0.2)
            assert not probe.done()
            await driver.add_listener("a_channel", lambda _: heard.set())
            await asyncio.wait_for(heard.wait(), 5)
            await probe
