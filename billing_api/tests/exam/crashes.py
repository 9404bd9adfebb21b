"""kill -9 at every named point: the crash harness, as an experiment.

Of five trials three are deaths round a payment, one is a death in the middle of a debit and one in
the middle of a refund. Three controls: a create and a refund without the intent row, and a charge
without a key.
"""

import os
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from harness import refund_trials
from harness.audit import audit
from harness.debit_trials import ACTS, audit_debits, plan_debits, run_debits
from harness.opening import open_world, run_trials
from harness.refund_trials import audit_refunds, plan_refunds, run_refunds
from harness.scenes import CONTROL, SCENES
from harness.world import World

from exam.result import Result, report

NAME = "crash points"


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    """Each in its own, for the books of a control are not sound."""
    with tempfile.TemporaryDirectory(prefix="exam-crashes-") as folder:
        async with open_world(os.environ["TEST_POSTGRES_URL"], Path(folder)) as world:
            yield world


async def crash_points(trials: int, seed: int) -> Result:
    """Nothing lost, doubled or unresolved, whatever dies and wherever."""
    began, chance = time.monotonic(), random.Random(seed)
    debits = refunds = trials // 5
    async with _world() as world:
        done = await run_trials(world, SCENES, trials - debits - refunds, chance)
        failures = await audit(world, done)
    async with _world() as world:
        planned = plan_debits(ACTS, debits, chance)
        await run_debits(world, planned)
        failures += await audit_debits(world, planned)
    async with _world() as world:
        given = plan_refunds(refund_trials.SCENES, refunds, chance)
        await run_refunds(world, given)
        failures += await audit_refunds(world, given)
    report(NAME, failures)
    control_failed = await _control(max(8, trials // 40), chance)
    seconds = time.monotonic() - began
    return Result(NAME, trials, len(failures), seed, seconds, control_failed)


async def _control(trials: int, chance: random.Random) -> bool:
    async with _world() as world:
        lost = await audit(world, await run_trials(world, CONTROL, trials, chance))
    async with _world() as world:
        planned = plan_debits(("naive charge",), trials, chance)
        await run_debits(world, planned)
        doubled = await audit_debits(world, planned)
    async with _world() as world:
        given = plan_refunds(refund_trials.CONTROL, trials, chance)
        await run_refunds(world, given)
        twice = await audit_refunds(world, given)
    return (
        any("a payment of nobody" in words for words in lost)
        and any(" instead of " in words for words in doubled)
        and any("refunds instead of one" in words for words in twice)
    )
