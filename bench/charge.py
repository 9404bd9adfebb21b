"""`charge_balance` called directly, with a key, beside django-hordak's two-leg transaction."""

import asyncio
import itertools
import os
import subprocess
import time
from pathlib import Path

from parts import CLIENTS, REPOSITORY, SECONDS
from settle import connect_all

from billing.adjustments.rules import AdjustmentKind
from billing.flows.adjust_balance import AdjustBalance, adjust_balance
from billing.flows.charge_balance import ChargeBalance, charge_balance
from billing.flows.verify_books import verify_books
from billing.idempotency.rules import KeyScope
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.money import Money

CLOCK = SystemClock()
PRICE = Money(10_000, "RUB")
PURSE = Money(10**12, "RUB")
# Row 2 prepares payments of which no feed has heard.
SETTLED_BY_PGBENCH = "the feed carries every payment's last version"


class Charging:
    """A customer each client on both sides, and one account of revenue for all."""

    def __init__(self, owner_url: str, peer_url: str, peer_python: Path) -> None:
        self._url, self._peer_url, self._peer_python = owner_url, peer_url, peer_python
        self._keys = itertools.count()
        asyncio.run(self._fund())

    def ours(self) -> float:
        return asyncio.run(self._charge())

    def theirs(self) -> float:
        """As `bench/peers/accounting.py` does it, in an environment of its own."""
        script = REPOSITORY / "bench" / "peers" / "accounting.py"
        done = subprocess.run(
            [self._peer_python, script, str(CLIENTS), str(SECONDS)],
            env={**os.environ, "PEER_DATABASE_URL": self._peer_url},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return float(done.stdout.split()[-1])

    async def _fund(self) -> None:
        database = Database(self._url, write_pool=CLIENTS)
        for number in range(CLIENTS):
            given = AdjustBalance(
                customer(number), AdjustmentKind.PAID, PURSE, "bench", None, "bench"
            )
            await adjust_balance(database, CLOCK, given, None)
        await database.close()

    async def _charge(self) -> float:
        database = Database(self._url, write_pool=CLIENTS)
        await connect_all(database)
        done = 0
        started = time.perf_counter()

        async def work(number: int) -> None:
            nonlocal done
            while time.perf_counter() - started < SECONDS:
                command = ChargeBalance(customer(number), PRICE, "bench", {}, "shop")
                scope = KeyScope("shop", "charge", str(next(self._keys)), b"bench")
                answered = await charge_balance(database, CLOCK, command, scope)
                assert not answered.replayed
                done += 1

        await asyncio.gather(*(work(number) for number in range(CLIENTS)))
        took = time.perf_counter() - started
        broken = [check.name for check in await verify_books(database) if check.violations]
        await database.close()
        if set(broken) - {SETTLED_BY_PGBENCH}:
            raise RuntimeError(f"the books do not hold: {broken}")
        return done / took


def customer(number: int) -> str:
    return f"charge-{number}"
