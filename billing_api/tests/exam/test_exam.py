"""The short form of each experiment of `make exam`: nothing fails but the control."""

import random

import pytest

from exam.registry import EXPERIMENTS

SHORT = [experiment for experiment in EXPERIMENTS if experiment.short]


@pytest.mark.parametrize("experiment", SHORT, ids=lambda experiment: experiment.name)
async def test_nothing_fails_but_the_control(experiment, capsys):
    result = await experiment.run(experiment.short, random.SystemRandom().randrange(10**6))
    with capsys.disabled():
        print(f"\n{result}")
    assert result.is_passed, result
