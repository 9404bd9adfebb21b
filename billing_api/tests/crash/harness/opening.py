"""A world for one experiment: a database, a sandbox with a clock of its own, a forker."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import trustme
from billing_parts.databases import migrate_new
from billing_parts.provider import SECRET_KEY, SHOP_ID, serve_sandbox
from psycopg2 import sql

from harness.acts import Site
from harness.scenes import Scene, Trial, plan
from harness.world import World, run_round

ROUND_MAX = 150


@asynccontextmanager
async def open_world(postgres_url: str, folder: Path) -> AsyncIterator[World]:
    """In an empty folder, on a new database of the cluster at the superuser's address."""
    ca_file, clock_file = folder / "ca.pem", folder / "clock.json"
    trustme.CA().cert_pem.write_to_path(str(ca_file))
    with serve_sandbox(folder, BUSINESS_CLOCK_FILE=str(clock_file)) as sandbox:
        service = migrate_new(postgres_url).service
        _cheapen_log_ins(postgres_url, service)
        site = Site(service, sandbox.api, SHOP_ID, SECRET_KEY, str(ca_file))
        async with World(site, sandbox.url, clock_file, folder / "forker.log") as world:
            yield world


def _cheapen_log_ins(superuser_url: str, role_url: str) -> None:
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


async def run_trials(
    world: World, scenes: tuple[Scene, ...], count: int, chance: random.Random
) -> list[Trial]:
    planned = plan(scenes, count, chance)
    for scene, trials in planned.items():
        for start in range(0, len(trials), ROUND_MAX):
            await run_round(world, scene, trials[start : start + ROUND_MAX], chance)
    return [trial for trials in planned.values() for trial in trials]
