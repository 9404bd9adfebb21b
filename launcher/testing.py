"""pytest plugin: one throw-away PostgreSQL cluster a run, a database a caller asks for.

Loaded by `addopts` before anything reads settings, because Django reads its database's address
when its settings are imported.
"""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg2
import pytest
from psycopg2 import sql
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from launcher import postgres
from launcher.ports import free_ports

_VARIABLE = "TEST_POSTGRES_URL"
# Set by xdist in each of its processes. What is still open in one would hold back the change feed
# of the other, for a cluster has one horizon: so each has a cluster of its own.
_WORKER = "PYTEST_XDIST_WORKER"
_FOLDER = "/var/tmp"
_PREFIX = "billing-suite-test-"
MakeDatabase = Callable[..., str]


class ThrowawayCluster:
    """Started on construction, gone with its folder after `close`."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_FOLDER))
        self.home.chmod(0o755)
        (self.home / "owner").write_text(str(os.getpid()))
        self.cluster = postgres.Cluster(
            bin_dir=postgres.reachable_bin(self.home),
            data_dir=self.home / "data",
            port=free_ports(1)[0],
            password=secrets.token_hex(16),
            os_user=postgres.drop_user(),
        )
        try:
            postgres.initialise(self.cluster)
            postgres.start_detached(
                self.cluster, self.cluster.data_dir / "server.log", postgres.THROWAWAY_SETTINGS
            )
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise

    def close(self) -> None:
        postgres.stop_detached(self.cluster)
        shutil.rmtree(self.home, ignore_errors=True)


def end_abandoned() -> None:
    """End the clusters of test runs that were killed before they could do it themselves."""
    for home in Path(_FOLDER).glob(f"{_PREFIX}*"):
        if not os.access(home, os.W_OK) or not (home / "owner").exists():
            continue
        if psutil.pid_exists(int((home / "owner").read_text() or 0)):
            continue
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            server = psutil.Process(int((home / "data/postmaster.pid").read_text().split()[0]))
            if str(home) in " ".join(server.cmdline()):
                server.send_signal(signal.SIGQUIT)
                server.wait(10)
        shutil.rmtree(home, ignore_errors=True)


def create_database(server_url: str, prefix: str, template: str | None = None) -> str:
    """A new database whose owner is a new login role; gives the owner's URL."""
    name = f"{prefix}_{secrets.token_hex(6)}"
    password = secrets.token_hex(16)
    with closing(psycopg2.connect(server_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            role = sql.Identifier(name)
            cursor.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
            )
            cursor.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    role, role, sql.Identifier(template or "template0")
                )
            )
    parts = urlsplit(server_url)
    return f"postgresql://{name}:{password}@{parts.hostname}:{parts.port}/{name}"


_running: list[ThrowawayCluster] = []


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    if _VARIABLE in os.environ and _WORKER not in os.environ:
        return
    # What a shell may have exported belongs to a running suite: tests never touch that one.
    for name in list(os.environ):
        if name in {"BASE_URL", "VAR_DIR"} or name.endswith(("_PORT", "_DATABASE_URL")):
            del os.environ[name]
    end_abandoned()
    throwaway = ThrowawayCluster()
    _running.append(throwaway)
    os.environ[_VARIABLE] = throwaway.cluster.url()
    os.environ["ADMIN_DATABASE_URL"] = create_database(throwaway.cluster.url(), "admin")


def pytest_unconfigure() -> None:
    while _running:
        _running.pop().close()
        os.environ.pop(_VARIABLE, None)


_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
          "--disable-background-networking", "--disable-component-update")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A plain user cannot install Chromium, so without it its tests cannot run: then they say so.

    As root tests/run.sh has installed it before, and so have they always run where it matters.
    """
    # Not silenced: `make test` as root, and CI with it, has the browser and runs them.
    missing = pytest.mark.skip(reason="no Chromium: apt-get install chromium, then make test")
    for item in items:
        if _CHROMIUM is None and item.get_closest_marker("browser"):
            item.add_marker(missing)


class _Rooms(LoadScopeScheduling):  # type: ignore[misc]
    """A room's tests stay in one process and in their order: they share what they have built."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Rooms:
    return _Rooms(config, log)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Playwright's browser. A module's: its loop must be gone before another test has its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most runs need no browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The test cluster's superuser URL."""
    return os.environ[_VARIABLE]


@pytest.fixture(scope="session")
def make_database(postgres_url: str) -> MakeDatabase:
    """`make_database("billing")` gives the owner's URL of a fresh database."""

    def make(prefix: str, template: str | None = None) -> str:
        return create_database(postgres_url, prefix, template)

    return make
