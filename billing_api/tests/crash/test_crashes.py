"""Processes killed with -9 at every named point, and not a kopeck lost, doubled or left in doubt.

    .venv/bin/python -m pytest billing_api/tests/crash                  1 000 trials
    TRIALS=10000 SEED=7 .venv/bin/python -m pytest billing_api/tests/crash

A trial is a piece of work, a create or a settle, on a real PostgreSQL against the real sandbox, in
a real process (forked; a few pieces each, every one on its own loop and connections) that is killed
when its work stands at points of the registry. Then the client repeats its request, the
notification comes again or is lost, the worker works, payers pay or do not, and everything is
compared. The control is the same with a create that stores no intent.
"""

import os
import random
import time
from collections import Counter

import pytest
from harness import refund_trials
from harness.audit import audit
from harness.debit_trials import ACTS, POINTS, audit_debits, plan_debits, run_debits
from harness.naive import FATAL
from harness.scenes import CONTROL, SCENES, Scene

from billing.platform.crash_points import CrashPoint

TRIALS = int(os.environ.get("TRIALS") or 1000)
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
CONTROL_TRIALS = max(24, TRIALS // 20)
PAIRS = sum(len(scene.points) for scene in SCENES)

OF_PAYMENTS = {point for scene in SCENES for point in scene.points}
OF_REFUNDS = {point for scene in refund_trials.SCENES for point in scene.points}
DEBITS = max(TRIALS // 4, len(ACTS) * len(POINTS))

pytestmark = pytest.mark.timeout(120 + TRIALS // 4)


def report(capsys, what, world, trials, failures, started):
    with capsys.disabled():
        print(
            f"\n{what}: {len(trials)} trials in {world.forker.processes} processes killed,"
            f" {len(failures)} failures, seed {SEED}, {time.monotonic() - started:.1f} s"
        )


async def test_no_death_of_a_process_loses_or_doubles_money(open_world, run_trials, capsys):
    started = time.monotonic()
    async with open_world() as world:
        trials = await run_trials(world, SCENES, TRIALS, random.Random(SEED))
        failures = await audit(world, trials)
    report(capsys, "crashes", world, trials, failures, started)
    assert not failures, f"seed {SEED}: " + "\n".join(failures[:40])
    hits = Counter(trial.point for trial in trials if trial.signal == 9)
    assert len(trials) == TRIALS
    assert min(hits[point] for point in OF_PAYMENTS) >= max(1, TRIALS // PAIRS), hits


def test_every_point_of_the_registry_is_one_where_somebody_dies():
    assert {*OF_PAYMENTS, *POINTS, *OF_REFUNDS} == set(CrashPoint)


async def test_no_death_in_the_middle_of_a_debit_takes_or_gives_twice(open_world, capsys):
    started = time.monotonic()
    async with open_world() as world:
        trials = plan_debits(ACTS, DEBITS, random.Random(SEED))
        await run_debits(world, trials)
        failures = await audit_debits(world, trials)
    report(capsys, "crashes of debits", world, trials, failures, started)
    assert not failures, f"seed {SEED}: " + "\n".join(failures[:40])
    assert all(trial.signal == 9 for trial in trials)


async def test_without_a_key_the_same_deaths_charge_twice(open_world, capsys):
    started = time.monotonic()
    async with open_world() as world:
        trials = plan_debits(("naive charge",), CONTROL_TRIALS, random.Random(SEED))
        await run_debits(world, trials)
        failures = await audit_debits(world, trials)
    report(capsys, "control without a key", world, trials, failures, started)
    doubled = [failure for failure in failures if " instead of " in failure]
    assert len(doubled) == len(trials)


async def test_a_point_that_is_never_passed_is_found(open_world, run_trials):
    """The control: polling never opens a new attempt, so nobody dies there."""
    scene = Scene("never there", "poll", (CrashPoint.RECOVERY_RENEWED,), paid=True, seconds=15)
    async with open_world() as world:
        trials = await run_trials(world, (scene,), 4, random.Random(SEED))
        failures = await audit(world, trials)
    assert [trial.signal for trial in trials] == [0] * 4
    assert sum("the process did not die at its point" in failure for failure in failures) == 4


async def test_without_the_intent_row_the_same_deaths_lose_payments(open_world, run_trials, capsys):
    started = time.monotonic()
    async with open_world() as world:
        trials = await run_trials(world, CONTROL, CONTROL_TRIALS, random.Random(SEED))
        failures = await audit(world, trials)
    report(capsys, "control without the intent", world, trials, failures, started)
    assert all(trial.signal == 9 for trial in trials)
    strangers = [failure for failure in failures if "a payment of nobody" in failure]
    assert len(strangers) == sum(trial.point in FATAL for trial in trials) > 0
