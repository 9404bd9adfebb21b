"""Connections and transactions: the only module that begins, commits or rolls back.

Writers and readers are different types on different pools. A reader's connection is read only by
the server's word, so a query cannot change anything even by mistake.

Statements are SQLAlchemy's `text()` and go straight to the driver: SQLAlchemy's own execution cost
more than half of a settlement's processor time (docs/decisions/0008).
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol, TypeVar

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import TextClause

from billing.platform.statements import Parameters, bind, bind_together

STATEMENT_SECONDS = 15
# A session stuck in the middle blocks others and holds the change feed's horizon back. Nobody
# holds a lock for more than milliseconds, so who has waited for two seconds waits in vain.
SERVER_SETTINGS = {
    "application_name": "billing",
    "lock_timeout": "2000",
    "statement_timeout": str(STATEMENT_SECONDS * 1000),
    "idle_in_transaction_session_timeout": "20000",
    "timezone": "UTC",
}
POOL_SECONDS = 2
CONNECT_SECONDS = 5
# Beyond the server's own limit, for a server that is gone without a word does not keep it.
ANSWER_MARGIN_SECONDS = 2
ANSWER_SECONDS = STATEMENT_SECONDS + ANSWER_MARGIN_SECONDS
# The server undid the whole transaction for the sake of another one, or of a migration that made
# what it had prepared stale. Not a lock time-out: it has waited long enough, and waiting again
# would make an overload worse.
UNDONE_FOR_OTHERS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
TRIES_MAX = 5
PAUSE_SECONDS = 0.02
Result = TypeVar("Result")
# The database is away, going away or too busy: worth another try, unlike a statement that is wrong.
UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.InternalClientError,
    asyncpg.InterfaceError,
    OSError,
    TimeoutError,
)


class Row(Protocol):
    """A row by column name; `dict(row)` and `**row` work too."""

    def __getitem__(self, name: str, /) -> Any: ...
    def keys(self) -> Iterator[str]: ...


class ReadSession:
    """Statements that change nothing."""

    def __init__(self, connection: asyncpg.Connection, seconds: float | None = None) -> None:
        self._connection, self._seconds = connection, seconds

    async def first(
        self, statement: TextClause, parameters: Parameters | None = None
    ) -> Row | None:
        sql, values = bind(statement, parameters)
        row: Row | None = await self._connection.fetchrow(sql, *values, timeout=self._seconds)
        return row

    async def all(
        self, statement: TextClause, parameters: Parameters | None = None
    ) -> Sequence[Row]:
        sql, values = bind(statement, parameters)
        rows: Sequence[Row] = await self._connection.fetch(sql, *values, timeout=self._seconds)
        return rows


class WriteSession(ReadSession):
    """One transaction: everything done through it becomes true together or not at all."""

    def __init__(self, connection: asyncpg.Connection, seconds: float | None = None) -> None:
        super().__init__(connection, seconds)
        self._waiting: list[tuple[TextClause, Parameters | None]] = []

    async def run(self, statement: TextClause, parameters: Parameters | None = None) -> int:
        """How many rows it changed."""
        await self.flush()
        return await self._execute(*bind(statement, parameters))

    async def run_later(self, statement: TextClause, parameters: Parameters | None = None) -> None:
        """A write of which nobody asks the result: it travels with others, before whatever is
        asked next and before COMMIT at the latest. What is wrong with it is said then.

        Not for a statement that begins with WITH; the same one twice does not travel together,
        so that rows of one table keep their order.
        """
        if any(statement is waiting for waiting, _ in self._waiting):
            await self.flush()
        self._waiting.append((statement, parameters))

    async def flush(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            await self._execute(*bind_together(waiting))

    async def first(
        self, statement: TextClause, parameters: Parameters | None = None
    ) -> Row | None:
        await self.flush()
        return await super().first(statement, parameters)

    async def all(
        self, statement: TextClause, parameters: Parameters | None = None
    ) -> Sequence[Row]:
        await self.flush()
        return await super().all(statement, parameters)

    async def one(self, statement: TextClause, parameters: Parameters | None = None) -> Row:
        """Raises ValueError for no row and for two."""
        [row] = await self.all(statement, parameters)
        return row

    async def _execute(self, sql: str, values: list[Any]) -> int:
        tag: str = await self._connection.execute(sql, *values, timeout=self._seconds)
        return int(tag.rpartition(" ")[2]) if tag[-1:].isdigit() else 0


class _Pool:
    """Opened by its first use, for a pool belongs to the event loop that opened it."""

    def __init__(
        self, url: str, size: int, settings: Mapping[str, str], answer_seconds: float
    ) -> None:
        self._url, self._size, self._answer_seconds = url, size, answer_seconds
        self._settings = {**SERVER_SETTINGS, **settings}
        self._pool: asyncpg.Pool | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.Connection]:
        if self._pool is None:
            # Without any connection yet, opening waits for nothing: two first uses cannot meet.
            self._pool = asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._size,
                server_settings=self._settings,
                timeout=CONNECT_SECONDS,
                command_timeout=self._answer_seconds,
                init=_read_json,
                reset=_leave,
            )
        pool = await self._pool
        async with pool.acquire(timeout=POOL_SECONDS) as connection:
            yield connection

    async def close(self) -> None:
        """Used again, it opens again, in whatever loop runs then."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # It waits for who still has a connection; cut short, it takes them away.
            with suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await pool.close()


async def _read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", encoder=str, decoder=json.loads, schema="pg_catalog", format="text"
    )


async def _leave(_: asyncpg.Connection) -> None:
    """Nothing of a session outlives its transaction here, so nothing is to be reset.

    A transaction left open is rolled back by the driver all the same.
    """


class Database:
    def __init__(
        self,
        url: str,
        *,
        write_pool: int = 10,
        read_pool: int = 6,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._writers = _Pool(url, write_pool, {}, answer_seconds)
        only_reads = {"default_transaction_read_only": "on"}
        self._readers = _Pool(url, read_pool, only_reads, answer_seconds)

    @asynccontextmanager
    async def begin(self, *, patience_seconds: int | None = None) -> AsyncIterator[WriteSession]:
        """`patience_seconds`: for each statement, instead of what a request has; for proofs."""
        async with self._writers.connection() as connection, connection.transaction():
            seconds = None
            if patience_seconds is not None:
                await connection.execute(f"SET LOCAL statement_timeout = '{patience_seconds:d}s'")
                seconds = patience_seconds + ANSWER_MARGIN_SECONDS
            session = WriteSession(connection, seconds)
            yield session
            await session.flush()

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
            except UNDONE_FOR_OTHERS:
                if tries == TRIES_MAX:
                    raise
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS * 2**tries))  # noqa: S311 - jitter
            tries += 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        async with self._readers.connection() as connection:
            yield ReadSession(connection)

    async def close(self) -> None:
        await self._writers.close()
        await self._readers.close()
