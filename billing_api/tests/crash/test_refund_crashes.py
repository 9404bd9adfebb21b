"""Processes killed in the middle of a refund: gone once or back, and told so.

.venv/bin/python -m pytest billing_api/tests/crash/test_refund_crashes.py
"""

import os
import random
import time

import pytest
from harness.refund_trials import CONTROL, SCENES, audit_refunds, plan_refunds, run_refunds

TRIALS = int(os.environ.get("TRIALS") or 1000) // 5
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))

pytestmark = pytest.mark.timeout(120 + TRIALS)


async def _run(open_world, capsys, what, scenes, count):
    started = time.monotonic()
    async with open_world() as world:
        trials = plan_refunds(scenes, count, random.Random(SEED))
        await run_refunds(world, trials)
        failures = await audit_refunds(world, trials)
    with capsys.disabled():
        print(
            f"\n{what}: {len(trials)} trials, {len(failures)} failures, seed {SEED},"
            f" {time.monotonic() - started:.1f} s"
        )
    return trials, failures


async def test_no_death_in_the_middle_of_a_refund_gives_or_takes_twice(open_world, capsys):
    trials, failures = await _run(open_world, capsys, "crashes of refunds", SCENES, TRIALS)
    assert not failures, f"seed {SEED}: " + "\n".join(failures[:40])
    assert all(trial.signal == 9 for trial in trials)


async def test_without_the_intention_the_same_deaths_refund_twice(open_world, capsys):
    """The control."""
    trials, failures = await _run(open_world, capsys, "control of refunds", CONTROL, 12)
    assert len(failures) >= len(trials)
    assert all(len(trial.theirs) > 1 for trial in trials)
