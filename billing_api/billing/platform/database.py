"""Connections and transactions: the only module that begins, commits or rolls back.

Writers and readers are different types on different pools. A reader's connection is read only by
the server's word, so a query cannot change anything even by mistake.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import CursorResult
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.sql import Executable

# A session stuck in the middle blocks others and holds the change feed's horizon back.
SERVER_SETTINGS = {
    "application_name": "billing",
    "lock_timeout": "5000",
    "statement_timeout": "15000",
    "idle_in_transaction_session_timeout": "20000",
    "timezone": "UTC",
}
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
        pool_timeout=5,
        pool_use_lifo=True,
        # Parameters are people's data: they stay out of the texts of errors.
        hide_parameters=True,
        connect_args={"server_settings": {**SERVER_SETTINGS, **settings}, "timeout": 5},
    )
