"""`settle_payment` called directly, many at a time, as the worker calls it."""

import asyncio
import itertools
import time
from uuid import UUID

import psycopg2
from parts import CLIENTS, SECONDS, pgbench

from billing.flows.settle_payment import Effect, settle_payment
from billing.gateway.port import ProviderPayment, Shop
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.money import Money
from launcher import postgres

CLOCK = SystemClock()
SHOP = Shop("100500", accepts_test=True)
# Prepared for each client of a round: more than it can settle, for past them it would find nothing.
SHARE = round(1000 * SECONDS)
# Pending payments with all that belongs to them, each of a customer of its own.
_PREPARE = """
    INSERT INTO payments (id, customer_id, status, amount_minor, currency, return_url, provider_id,
                          undecided, test, created_at, updated_at, version)
    SELECT ('019b' || lpad(to_hex(n), 8, '0') || '70008000000000000000')::uuid, 'settle-' || n,
           'pending', 10000, 'RUB', 'https://shop.test/', 'settle-' || n, false, true,
           now(), now(), 2
    FROM generate_series(%(first)s, %(last)s) AS n;
    INSERT INTO payment_attempts (id, payment_id, number, body, state, sends, created_at)
    SELECT id, id, 1, '{}', 'accepted', 1, now() FROM payments WHERE customer_id LIKE 'settle-%%'
    ON CONFLICT DO NOTHING;
    INSERT INTO payment_polls (payment_id, next_at)
    SELECT id, now() FROM payments WHERE customer_id LIKE 'settle-%%' ON CONFLICT DO NOTHING;
    ANALYZE payments; ANALYZE payment_attempts;
"""

_USED_UP = """
    SELECT count(*) > 0 FROM payments WHERE status = 'succeeded' AND provider_id = ANY(%s)
"""


class Settling:
    """Both sides take fresh payments each round, prepared outside the measured time."""

    def __init__(self, server: postgres.Cluster, owner_url: str) -> None:
        self._server, self._url = server, owner_url
        self._next = 0

    def _prepare(self) -> int:
        base, self._next = self._next, self._next + CLIENTS * SHARE
        connection = psycopg2.connect(self._url)
        with connection, connection.cursor() as cursor:
            cursor.execute(_PREPARE, {"first": base + 1, "last": self._next})
        connection.close()
        return base

    def floor(self) -> float:
        base = self._prepare()
        variables = {"base": base, "share": SHARE, "i": 0}
        figure = pgbench(self._server, self._url, "settle.sql", variables)
        if self._used_up(base):
            raise RuntimeError("pgbench ran past what was prepared: its figure counts nothing")
        return figure

    def _used_up(self, base: int) -> bool:
        """A client has settled even the last payment of its share."""
        last = [f"settle-{base + client * SHARE}" for client in range(1, CLIENTS + 1)]
        connection = psycopg2.connect(self._url)
        with connection, connection.cursor() as cursor:
            cursor.execute(_USED_UP, (last,))
            [(used_up,)] = cursor.fetchall()
        connection.close()
        return bool(used_up)

    def ours(self) -> float:
        base = self._prepare()
        return asyncio.run(self._settle(base))

    async def _settle(self, base: int) -> float:
        database = Database(self._url, write_pool=CLIENTS)
        # pgbench does not count its connecting either.
        await connect_all(database)
        numbers = itertools.count(base + 1)
        done = 0
        started = time.perf_counter()

        async def work() -> None:
            nonlocal done
            while time.perf_counter() - started < SECONDS:
                number = next(numbers)
                async with database.begin() as session:
                    settled = await settle_payment(
                        session, payment_of(number), seen(number), SHOP, CLOCK.now()
                    )
                assert settled.effect is Effect.MOVED
                done += 1

        await asyncio.gather(*(work() for _ in range(CLIENTS)))
        took = time.perf_counter() - started
        await database.close()
        return done / took


async def connect_all(database: Database) -> None:
    together = asyncio.Barrier(CLIENTS)

    async def connect() -> None:
        async with database.begin():
            await together.wait()

    await asyncio.gather(*(connect() for _ in range(CLIENTS)))


def payment_of(number: int) -> UUID:
    return UUID(f"019b{number:08x}70008000000000000000")


def seen(number: int) -> ProviderPayment:
    now = CLOCK.now()
    return ProviderPayment(
        id=f"settle-{number}",
        status="succeeded",
        amount=Money(10000, "RUB"),
        account_id=SHOP.account_id,
        test=True,
        payment_uid=str(payment_of(number)),
        created_at=now,
        captured_at=now,
        confirmation_url=None,
        cancellation_party=None,
        cancellation_reason=None,
    )
