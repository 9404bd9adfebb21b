"""A small process that has imported everything and forks the ones that die.

Reads a line, a list of orders; forks processes, two at a time, each with a few orders; answers a
line, the signals that ended the orders (0: the process came to its end without reaching a point).
A process works on its orders side by side, as a server does, each on a thread with its own loop and
connections; when all of them stand at their points it kills itself.
"""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

import structlog

from billing.platform.clock import ManualClock
from billing.platform.crash_points import CrashPoint, arm_crash_points
from billing.platform.database import Database
from harness.acts import ACTS, Order, Site, Tools

PROCESSES_AT_ONCE = 2
ORDERS_A_PROCESS = 4
WAIT_SECONDS = 30


class Forker:
    """The parent's end of it."""

    def __init__(self, site: Site, log: Path) -> None:
        self._site, self._log = site, log
        self.processes = 0

    def __enter__(self) -> "Forker":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "harness.forker", json.dumps(asdict(self._site))],
                cwd=Path(__file__).resolve().parents[1],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.stdin.close()
        self._process.wait(WAIT_SECONDS)
        self._process.stdout.close()

    def kill(self, orders: list[Order]) -> list[int]:
        """The signal that ended each."""
        self._process.stdin.write(json.dumps([asdict(order) for order in orders]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the forker died: {self._log.read_text()[-2000:]}")
        self.processes += -(-len(orders) // ORDERS_A_PROCESS)
        return json.loads(answer)


class Victim:
    """Inside a forked process: some orders, and the end when each is at its point."""

    def __init__(self, site: Site, databases: list[Database], orders: list[Order]) -> None:
        self._site, self._orders = site, orders
        self._databases = databases
        self._own = threading.local()
        self._all_there = threading.Barrier(len(orders), self._die)

    def run(self) -> None:
        arm_crash_points(self._pass)
        threads = [
            threading.Thread(target=self._work, args=(database, order))
            for database, order in zip(self._databases, self._orders, strict=False)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, database: Database, order: Order) -> None:
        self._own.point = CrashPoint[order.point]
        try:
            asyncio.run(self._live(database, order))
            print(f"{order} came to its end", file=sys.stderr)
        except Exception:
            traceback.print_exc()
            raise
        finally:
            self._all_there.abort()

    async def _live(self, database: Database, order: Order) -> None:
        async with self._site.gateway() as gateway:
            await ACTS[order.act](Tools(database, gateway, ManualClock(order.instant)), order)

    def _pass(self, point: CrashPoint) -> None:
        if point is self._own.point:
            # Stops this order here, its transaction open: a loop and a thread of its own are stuck.
            self._all_there.wait(WAIT_SECONDS)

    @staticmethod
    def _die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def _fork(victim: Victim) -> int:
    pid = os.fork()
    if pid:
        return pid
    gc.disable()
    try:
        victim.run()
    finally:
        # Whatever it was, this process must not go on as a second forker.
        os._exit(0)


def _run(site: Site, databases: list[Database], orders: list[Order]) -> list[int]:
    ended, running = [0] * len(orders), {}

    def reap() -> None:
        pid, status = os.wait()
        for number in running.pop(pid):
            ended[number] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0

    for first in range(0, len(orders), ORDERS_A_PROCESS):
        numbers = range(len(orders))[first : first + ORDERS_A_PROCESS]
        if len(running) == PROCESSES_AT_ONCE:
            reap()
        victim = Victim(site, databases, [orders[number] for number in numbers])
        running[_fork(victim)] = numbers
    while running:
        reap()
    return ended


async def _warm_up(site: Site, database: Database) -> None:
    """Looks where nothing is yet: what is imported and prepared late is so before any fork.

    Makes no id, for the generator's state would be the same in every child.
    """
    nothing = Order("", "", "2026-01-01T00:00:00+00:00", "", 1)
    async with site.gateway() as gateway:
        for act in ("inbox", "recover", "poll"):
            await ACTS[act](Tools(database, gateway, ManualClock(nothing.instant)), nothing)
        await gateway.find_payment("nothing")
    # Each process opens connections of its own.
    await database.close()


def main() -> None:
    # Whatever prints goes to the log: the answers have the pipe for themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    site = Site(**json.loads(sys.argv[1]))
    databases = [
        Database(site.database_url, write_pool=2, read_pool=1) for _ in range(ORDERS_A_PROCESS)
    ]
    for database in databases:
        asyncio.run(_warm_up(site, database))
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        orders = [Order(**order) for order in json.loads(line)]
        print(json.dumps(_run(site, databases, orders)), file=answers)


if __name__ == "__main__":
    main()
