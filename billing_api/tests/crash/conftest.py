"""A world for each experiment, and the way to the harness."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

# The harness is a package of its own: the processes that die import it too.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import opening
from harness.world import World


@pytest.fixture
def open_world(postgres_url, tmp_path) -> Callable[[], AbstractAsyncContextManager[World]]:
    return lambda: opening.open_world(postgres_url, tmp_path)


@pytest.fixture
def run_trials() -> Callable:
    return opening.run_trials
