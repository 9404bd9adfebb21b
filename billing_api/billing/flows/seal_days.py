"""Seal every Moscow day that is over and that no open transaction can still add to."""

import asyncio
from datetime import timedelta

import structlog

from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.seals.queries import first_day_at, last_seal, oldest_open, read_figures
from billing.seals.rules import BEFORE_ALL, NOTHING, Limits, Seal, day_of, end_of, make_seal
from billing.seals.store import add_seal, take_number

# A transaction of ours ends within its own limits; one that does not is waited for another time.
WAIT_SECONDS = 3.0
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 600
DAYS_AT_ONCE = 50
logger = structlog.get_logger("billing.seals")


async def seal_days(db: Database, clock: Clock, *, wait_seconds: float = WAIT_SECONDS) -> int:
    """How many days were sealed, at most DAYS_AT_ONCE."""
    sealed = 0
    # Read before the horizon: what is open now may be of a day that ended a moment ago.
    now = clock.now()
    horizon: int | None = None
    while sealed < DAYS_AT_ONCE:
        async with db.read() as session:
            before = await last_seal(session)
            first = None if before is not None else await first_day_at(session)
        if before is not None:
            day = before.day + timedelta(days=1)
        elif first is not None:
            day = day_of(first)
        else:
            break
        if end_of(day) > now:
            break
        horizon = horizon or await _closed_below(db, wait_seconds)
        if horizon is None or (before is not None and horizon < before.limits.horizon):
            logger.warning("a day that is over stays open", **{"suite.object": day.isoformat()})
            break
        if not await _seal(db, clock, Limits(end_of(day), horizon), before):
            break
        sealed += 1
    return sealed


async def _closed_below(db: Database, seconds: float) -> int | None:
    """A horizon above all that is open as we ask, once that has ended; None when it does not."""
    async with db.begin() as session:
        ours = await take_number(session)
    loop = asyncio.get_running_loop()
    started = loop.time()
    while True:
        # A transaction of its own each time: ours must not hold the horizon back.
        async with db.read() as session:
            oldest = await oldest_open(session)
        if oldest > ours:
            return oldest
        if loop.time() - started > seconds:
            return None
        await asyncio.sleep(LOOK_SECONDS)


async def _seal(db: Database, clock: Clock, limits: Limits, before: Seal | None) -> bool:
    async with db.begin(patience_seconds=PATIENCE_SECONDS) as session:
        covered = BEFORE_ALL if before is None else before.limits
        figures = await read_figures(session, limits, covered)
        previous = NOTHING if before is None else before.hash
        day = day_of(limits.ends_at - timedelta(seconds=1))
        seal = make_seal(day, limits, figures, previous)
        added = await add_seal(session, seal, clock.now())
    if added:
        # Out of the database too: who could rewrite all of it could not rewrite the log.
        told = {"suite.object": day.isoformat(), "suite.state": seal.hash.hex()}
        logger.info("day sealed", **told)
    return added
