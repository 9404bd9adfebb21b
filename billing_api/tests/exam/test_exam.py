"""The short form of each experiment of `make exam`, and the exam itself."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from exam.registry import EXPERIMENTS
from exam.result import Result

PROGRAM = Path(__file__).resolve().parents[3] / "tests" / "exams" / "exam.py"
SHORT = [experiment for experiment in EXPERIMENTS if experiment.short]
GOOD = Result("an experiment", 10, 0, 7, 1.0, control_failed=True)


@pytest.mark.parametrize("experiment", SHORT, ids=lambda experiment: experiment.name)
async def test_nothing_fails_but_the_control(experiment, capsys):
    result = await experiment.run(experiment.short, random.SystemRandom().randrange(10**6))
    with capsys.disabled():
        print(f"\n{result}")
    assert result.is_passed, result


def test_every_name_is_one_word_of_its_own_for_the_command():
    names = [experiment.name for experiment in EXPERIMENTS]
    assert len(set(names)) == len(names)
    assert all(len(name.split()) == 1 for name in names)


@pytest.mark.parametrize("bad", [{"failures": 1}, {"control_failed": False}, {"trials": 0}])
def test_a_failure_a_control_that_passes_and_no_trial_at_all_are_no_proof(bad):
    assert GOOD.is_passed
    assert not replace(GOOD, **bad).is_passed


def test_the_exam_prints_a_line_an_experiment_and_a_summary_last():
    done = subprocess.run(
        [sys.executable, PROGRAM, "--only", "debits", "--trials", "4", "--seed", "7"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    line, summary = done.stdout.splitlines()
    assert "4 trials     0 failures  seed 7" in line
    assert line.endswith("control failed")
    assert summary.startswith("exam: 1 of 1 experiments passed, 4 trials, 0 failures, ")
