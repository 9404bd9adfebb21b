"""Connections and transactions: the only module that begins, commits or rolls back.

Writers and readers are different types on different pools. A reader's connection is read only by
the server's word, so a query cannot change anything even by mistake.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import CursorResult
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

# A session stuck in the middle blocks others and holds the change feed's horizon back. Nobody
# holds a lock for more than milliseconds, so who has waited for two seconds waits in vain.
SERVER_SETTINGS = {
    "application_name": "billing",
    "lock_timeout": "2000",
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "20000",
    "timezone": "UTC",
}
POOL_SECONDS = 2
# The server undid the whole transaction for the sake of another one: deadlock, serialization. Not a
# lock time-out: it has waited long enough, and waiting again would make an overload worse.
UNDONE_FOR_OTHERS = frozenset({"40P01", "40001"})
TRIES_MAX = 5
PAUSE_SECONDS = 0.02
Result = TypeVar("Result")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def driver_url(url: str) -> str:
    """The address for asyncpg; libpq's `sslmode` is its `ssl`."""
    parts = urlsplit(url)
    names = {"sslmode": "ssl"}
    query = [(names.get(name, name), value) for name, value in parse_qsl(parts.query)]
    return urlunsplit(
        ("postgresql+asyncpg", parts.netloc, parts.path, urlencode(query), parts.fragment)
    )


class ReadSession:
    """Statements that change nothing."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        return await self._connection.execute(statement, parameters)

    async def first(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> RowMapping | None:
        return (await self.run(statement, parameters)).mappings().first()

    async def all(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> Sequence[RowMapping]:
        return (await self.run(statement, parameters)).mappings().all()


class WriteSession(ReadSession):
    """One transaction: everything done through it becomes true together or not at all."""

    async def one(self, statement: Executable, parameters: Parameters | None = None) -> RowMapping:
        return (await self.run(statement, parameters)).mappings().one()


class Database:
    def __init__(self, url: str, *, write_pool: int = 10, read_pool: int = 6) -> None:
        self._writers = _engine(url, write_pool, {})
        self._readers = _engine(
            url, read_pool, {"default_transaction_read_only": "on"}
        ).execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[WriteSession]:
        async with self._writers.begin() as connection:
            yield WriteSession(connection)

    async def transact(self, work: Callable[[WriteSession], Awaitable[Result]]) -> Result:
        """`work` in a transaction, begun anew, a few times, where the server undid it for others.

        So `work` touches nothing but its session. What else goes wrong, and a connection lost at
        COMMIT above all, is not repeated: nobody knows then what was done.
        """
        tries = 1
        while True:
            try:
                async with self.begin() as session:
                    return await work(session)
            except DBAPIError as error:
                undone = getattr(error.orig, "sqlstate", None) in UNDONE_FOR_OTHERS
                if not undone or tries == TRIES_MAX:
                    raise
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS * 2**tries))  # noqa: S311 - jitter
            tries += 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        async with self._readers.connect() as connection:
            yield ReadSession(connection)

    async def close(self) -> None:
        await self._writers.dispose()
        await self._readers.dispose()


def _engine(url: str, size: int, settings: Mapping[str, str]) -> AsyncEngine:
    return create_async_engine(
        driver_url(url),
        pool_size=size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        # Parameters are people's data: they stay out of the texts of errors.
        hide_parameters=True,
        connect_args={"server_settings": {**SERVER_SETTINGS, **settings}, "timeout": 5},
    )
