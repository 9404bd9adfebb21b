"""Wakes the worker across processes through PgQueuer: a wake-up says "look", never what to do.

What is to be done stands in our own tables, so a lost or doubled wake-up changes nothing: the
schedule looks every second or two anyway.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType

import asyncpg  # type: ignore[import-untyped]
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver, Driver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.ports.driver import NotifyCallback
from sqlalchemy import text

from billing.platform.database import CONNECT_SECONDS, SERVER_SETTINGS, WriteSession

SCHEMA = "pgqueuer"
ENTRYPOINT = "look"
EVERY_SECOND = "* * * * * *"
HEARTBEAT = timedelta(seconds=3)
COALESCE_SECONDS = 0.02
RECONNECT_SECONDS = 1.0
STOP_SECONDS = 3.0
SESSION = {**SERVER_SETTINGS, "application_name": "billing-wakeups"}
_PRUNE = text(f"DELETE FROM {SCHEMA}.pgqueuer_log WHERE created < :before")  # noqa: S608
logger = logging.getLogger(__name__)


def queue_settings() -> DBSettings:
    return DBSettings(db_schema=SCHEMA)


def queue_queries(driver: Driver) -> Queries:
    settings = queue_settings()
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(settings),
        qbq=QueryQueueBuilder(settings),
        qbs=QuerySchedulerBuilder(settings),
    )


class ListeningDriver(AsyncpgPoolDriver):
    """Holds the library's first health probe until it listens.

    Its probe and its LISTEN start side by side on two connections; a probe that is faster is never
    heard, and the library takes its healthy listener for a broken one.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self._listening = asyncio.Event()
        self.lost = asyncio.Event()

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await super().add_listener(channel, callback)
        if not self._listening.is_set() and self._listener_connection is not None:
            self._listener_connection.add_termination_listener(lambda _: self.lost.set())
        self._listening.set()

    async def notify(self, channel: str, payload: str) -> None:
        await self._listening.wait()
        await super().notify(channel, payload)


class Waker:
    """Wakes the worker from another process, off the request's path; many calls become one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Call after the commit: what the worker is to see must be visible."""
        self._wanted.set()

    async def __aenter__(self) -> "Waker":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        while True:
            try:
                connection = await asyncpg.connect(
                    self._url, timeout=CONNECT_SECONDS, server_settings=SESSION
                )
                try:
                    await self._serve(queue_queries(AsyncpgDriver(connection)))
                finally:
                    await connection.close(timeout=1)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                # The schedule finds the work meanwhile, a second later than a wake-up would.
                logger.warning("wake-ups are interrupted", exc_info=True)
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _serve(self, queries: Queries) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await queries.enqueue(ENTRYPOINT, None)
            await asyncio.sleep(COALESCE_SECONDS)


async def listen(url: str, look: Callable[[], None], stopping: asyncio.Event) -> None:
    """Calls `look` at each wake-up and each second or two; survives lost connections."""
    while not stopping.is_set():
        try:
            pool = await asyncpg.create_pool(
                url, min_size=1, max_size=3, timeout=CONNECT_SECONDS, server_settings=SESSION
            )
            try:
                await _listen_once(pool, look, stopping)
            finally:
                # Not `close`: it would wait for ever for a listener whose connection was lost.
                pool.terminate()
        except Exception:
            logger.warning("the wake-up queue failed; it is started anew", exc_info=True)
            look()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), RECONNECT_SECONDS)


async def _listen_once(
    pool: asyncpg.Pool, look: Callable[[], None], stopping: asyncio.Event
) -> None:
    driver = ListeningDriver(pool)
    queue = PgQueuer(connection=driver, queries=queue_queries(driver))

    @queue.entrypoint(ENTRYPOINT, accepts_context=False)
    async def on_wake(_: object) -> None:
        look()

    # `clean_old`: a run that died in the middle of a tick leaves it taken for half a minute.
    @queue.schedule("every_second", EVERY_SECOND, accepts_context=False, clean_old=True)
    async def on_tick(_: object) -> None:
        look()

    await _run_until(queue, driver, stopping)


async def _run_until(queue: PgQueuer, driver: ListeningDriver, stopping: asyncio.Event) -> None:
    """Until told to stop, or until the connection that listens is lost.

    The library notices that only ten to twenty seconds later, and a tick that it was in the middle
    of stays taken for half a minute.
    """
    running = asyncio.create_task(
        queue.run(heartbeat_timeout=HEARTBEAT, shutdown_on_listener_failure=True)
    )
    lost = asyncio.create_task(driver.lost.wait())
    told = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, lost, told}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            queue.shutdown.set()
            await asyncio.wait({running}, timeout=STOP_SECONDS)
        elif driver.lost.is_set():
            raise ConnectionResetError("the listening connection is lost")
        else:
            await running
    finally:
        for task in (running, lost, told):
            task.cancel()
        await asyncio.wait({running}, timeout=STOP_SECONDS)


async def prune_queue_log(session: WriteSession, before: datetime) -> int:
    return await session.run(_PRUNE, {"before": before})
