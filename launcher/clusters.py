"""Which PostgreSQL cluster belongs to which suite, and where it lies.

As root it lies under /var/tmp (see postgres.py), so it is found again by its owner's name: a file
in the cluster's folder that names the suite's state file.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from launcher import postgres
from launcher.layout import Layout
from launcher.state import State, save

FOLDER = Path("/var/tmp")
_PREFIX = "billing-suite-pg"


def home_of(layout: Layout, state: State) -> Path:
    """The folder of this suite's cluster, chosen once."""
    if not state.cluster_home:
        if os.geteuid() == 0:
            # A random name in VAR_DIR's state: a new var/ means a new cluster.
            name = f"{_PREFIX}-{postgres.version()}-{secrets.token_hex(6)}"
            state.cluster_home = str(FOLDER / name)
        else:
            state.cluster_home = str(layout.var / "postgres")
        save(layout, state)
    return Path(state.cluster_home)


def cluster_of(layout: Layout, state: State) -> postgres.Cluster:
    """This suite's own PostgreSQL cluster; its folder is made on first use."""
    home = home_of(layout, state)
    home.mkdir(mode=0o755, exist_ok=True)
    owner = home / "owner"
    if _owner(home) != layout.state_file:
        owner.write_text(str(layout.state_file))
    return postgres.Cluster(
        bin_dir=postgres.reachable_bin(home),
        data_dir=home / "data",
        port=state.ports["postgres"],
        password=state.secrets["postgres_password"],
        os_user=postgres.drop_user(),
    )


def _owner(home: Path) -> Path | None:
    try:
        text = (home / "owner").read_text()
    except OSError:
        return None
    return Path(text) if text else None


def _ours() -> Iterator[tuple[Path, Path | None]]:
    """Clusters that we may remove, and whose each is."""
    for home in FOLDER.glob(f"{_PREFIX}-*"):
        if os.access(home, os.W_OK):
            yield home, _owner(home)


def remove_clusters_of(layout: Layout) -> None:
    """Every cluster that belongs to this VAR_DIR, also those that its state has forgotten."""
    for home, owner in _ours():
        if owner == layout.state_file:
            shutil.rmtree(home, ignore_errors=True)


def remove_orphaned_clusters() -> None:
    """Remove clusters of ours whose VAR_DIR is gone and that nothing runs from."""
    for home, owner in _ours():
        if owner is not None and not owner.exists() and not _is_used(home):
            shutil.rmtree(home, ignore_errors=True)


def _is_used(home: Path) -> bool:
    """Whether a server runs from there; after a kill its pid file stays, and says nothing."""
    programs = str(home) + os.sep
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(word.startswith(programs) for word in process.cmdline()):
                return True
    return False
