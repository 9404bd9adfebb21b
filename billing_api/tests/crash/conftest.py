"""A world for each experiment: a database, a sandbox with a clock of its own, a forker."""

import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
import trustme
from psycopg2 import sql

# The harness is a package of its own: the processes that die import it too.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness.acts import Site
from harness.scenes import Scene, Trial, plan
from harness.world import World, run_round

ROUND_MAX = 150


def cheapen_log_ins(superuser_url: str, role_url: str) -> None:
    """The driver's key derivation costs more than all else that most of these processes do."""
    parts = urlsplit(role_url)
    connection = psycopg2.connect(superuser_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET scram_iterations = 1")
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(parts.username), sql.Literal(parts.password)
            )
        )
    connection.close()


@pytest.fixture
def open_world(
    postgres_url, make_migrated, start_sandbox, tmp_path
) -> Callable[[], AbstractAsyncContextManager[World]]:
    ca_file = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca_file))

    @asynccontextmanager
    async def opened() -> AsyncIterator[World]:
        clock_file = tmp_path / "clock.json"
        sandbox = start_sandbox(BUSINESS_CLOCK_FILE=str(clock_file))
        service = make_migrated().service
        cheapen_log_ins(postgres_url, service)
        site = Site(
            service,
            sandbox.api,
            "100500",
            "test_sandbox_key_1234567890",
            str(ca_file),
        )
        async with World(site, sandbox.url, clock_file, tmp_path / "forker.log") as world:
            yield world

    return opened


@pytest.fixture
def run_trials() -> Callable:
    async def run(
        world: World, scenes: tuple[Scene, ...], count: int, chance: random.Random
    ) -> list[Trial]:
        planned = plan(scenes, count, chance)
        for scene, trials in planned.items():
            for start in range(0, len(trials), ROUND_MAX):
                await run_round(world, scene, trials[start : start + ROUND_MAX], chance)
        return [trial for trials in planned.values() for trial in trials]

    return run
