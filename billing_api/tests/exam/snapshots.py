"""Reads the books while others write them: each snapshot must add up."""

import asyncio
from types import TracebackType

import asyncpg

from billing.ledger.proofs import OF_PAYMENTS

PAUSE_SECONDS = 0.4
_WANTED = ("running balances equal the sums of their postings", "no running balance is negative")
CHECKS = (
    (
        "all postings sum to zero per currency",
        "SELECT currency FROM postings GROUP BY currency HAVING sum(amount_minor) <> 0",
    ),
    *((name, query) for name, query in OF_PAYMENTS if name in _WANTED),
)


class Snapshots:
    """`async with Snapshots(url) as snapshots: ...`: taken all the while, once at the end too."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.taken = 0
        self.failures: list[str] = []

    async def __aenter__(self) -> "Snapshots":
        self._connection = await asyncpg.connect(self._url)
        self._task = asyncio.create_task(self._go_on())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        [_], _pending = await asyncio.wait([self._task])
        # What stopped it by itself is a failure of the experiment.
        if not self._task.cancelled():
            self._task.result()
        await self._connection.close()
        if error is None:
            self._connection = await asyncpg.connect(self._url)
            await self._take()
            await self._connection.close()

    async def _go_on(self) -> None:
        while True:
            await self._take()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _take(self) -> None:
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            for name, query in CHECKS:
                found = len(await self._connection.fetch(query))
                self.failures += [f"snapshot {self.taken}: {name}"] * bool(found)
        self.taken += 1
