"""The suite as a whole: up, down, status, reset."""

import fcntl
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from launcher import certificates, databases, environment, health, nginx, postgres, supervisor
from launcher.layout import REPOSITORY, Layout, read_env_file, write_private
from launcher.programs import Program, plan
from launcher.state import (
    State,
    Trouble,
    load,
    load_or_create,
    outer_port,
    require_outer_ports,
    save,
    settle_inner_ports,
)

_CLUSTERS = Path("/var/tmp")
_CLUSTER_PREFIX = "billing-suite-pg"


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """One command at a time on one VAR_DIR."""
    layout.make_folders()
    with layout.lock_file.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another command works on this suite; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cluster_of(layout: Layout, state: State) -> postgres.Cluster:
    """This suite's own PostgreSQL cluster; its folder is made on first use."""
    if not state.cluster_home:
        if os.geteuid() == 0:
            # A random name in VAR_DIR's state: a new var/ means a new cluster.
            name = f"{_CLUSTER_PREFIX}-{postgres.version()}-{secrets.token_hex(6)}"
            state.cluster_home = str(_CLUSTERS / name)
        else:
            state.cluster_home = str(layout.var / "postgres")
        save(layout, state)
    home = Path(state.cluster_home)
    home.mkdir(mode=0o755, exist_ok=True)
    (home / "owner").write_text(str(layout.state_file))
    return postgres.Cluster(
        bin_dir=postgres.reachable_bin(home),
        data_dir=home / "data",
        port=state.ports["postgres"],
        password=state.secrets["postgres_password"],
        os_user=postgres.drop_user(),
    )


def up(layout: Layout) -> State:
    """Start what is not running and wait until all is healthy; safe to repeat."""
    with locked(layout):
        state = load_or_create(layout)
        wanted = (
            outer_port("HTTPS_PORT", state.https_port or 8443),
            outer_port("HTTP_PORT", state.http_port or 8080),
        )
        if supervisor.is_running(state):
            if wanted == (state.https_port, state.http_port) and is_current(layout, state):
                return _resume(layout, state)
            print("settings have changed: restarting")
            supervisor.shut_down(layout, state)
        supervisor.end_leftovers(layout, state)
        state.https_port, state.http_port = wanted
        require_outer_ports(state)
        remove_orphaned_clusters()
        try:
            _start_afresh(layout, state)
        except Trouble:
            # Between looking at a port and listening on it, another program may have taken it.
            supervisor.shut_down(layout, state)
            if not settle_inner_ports(layout, state):
                raise
            _start_afresh(layout, state)
        return state


def _start_afresh(layout: Layout, state: State) -> None:
    settle_inner_ports(layout, state)
    programs = prepare(layout, state)
    supervisor.start_daemon(layout, state)
    start(layout, state, programs)


def _resume(layout: Layout, state: State) -> State:
    """All is up already; or a first start was cut short, and its steps are made again."""
    programs = programs_of(layout, state)
    if not health.is_healthy(layout, state, programs):
        start(layout, state, programs)
    return state


def is_current(layout: Layout, state: State) -> bool:
    """Whether what runs was started with the settings as they are now."""
    return environment.read_service_files(layout) == environment.service_environments(layout, state)


def programs_of(layout: Layout, state: State) -> list[Program]:
    """The programs this suite consists of, with their ports and health addresses."""
    cluster = cluster_of(layout, state) if environment.needs_own_server(state) else None
    return plan(layout, state, cluster, sandbox=environment.runs_sandbox(layout))


def prepare(layout: Layout, state: State) -> list[Program]:
    """Everything on disk: certificates, keys, settings, configuration, the cluster's files."""
    certificates.ensure_certificates(layout, ["localhost", "127.0.0.1", "::1"])
    certificates.ensure_signing_key(layout)
    environments = environment.service_environments(layout, state)
    environment.write_service_files(layout, environments)
    settings = environment.personal_settings(layout)
    nginx.render(layout, state, settings, sandbox="sandbox" in environments)
    if environment.needs_own_server(state):
        postgres.initialise(cluster_of(layout, state))
    programs = programs_of(layout, state)
    supervisor.write_config(layout, state, programs)
    return programs


def start(layout: Layout, state: State, programs: list[Program]) -> None:
    """PostgreSQL, then migrations, then the services, then the edge."""
    if environment.needs_own_server(state):
        supervisor.start_programs(state, ["postgres"])
        superuser = cluster_of(layout, state).url()
        databases.wait_for_server(superuser)
        databases.ensure_databases(superuser, state)
    migrate(layout, state)
    supervisor.start_programs(state, [program.name for program in programs])
    health.wait_until_healthy(layout, state, programs)


def migrate(layout: Layout, state: State) -> None:
    """Migrations of the three databases side by side, then the first accounts."""
    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(_service_command, layout, "billing.cli", "migrate"),
            pool.submit(_auth_commands, layout, state),
            pool.submit(_admin_commands, layout, state),
        ]
        for job in jobs:
            job.result()


def _auth_commands(layout: Layout, state: State) -> None:
    _service_command(layout, "auth.cli", "migrate")
    staff = ("--username", environment.STAFF_USERNAME, "--email", "staff@suite.test")
    _service_command(
        layout,
        "auth.cli",
        *("create-staff", *staff, "--role", "admin"),
        secret=("STAFF_PASSWORD", state.secrets["staff_password"]),
    )
    _service_command(
        layout,
        "auth.cli",
        *("create-client", "--client-id", "admin-sync"),
        *("--scopes", "billing:changes auth:changes"),
        secret=("CLIENT_SECRET", state.secrets["service_client_secret"]),
    )


def _admin_commands(layout: Layout, state: State) -> None:
    _service_command(layout, "panel.manage", "migrate", "--verbosity", "0")
    _service_command(layout, "panel.manage", "collectstatic", "--noinput", "--verbosity", "0")
    write_private(layout.var / "local_admin.txt", f"{state.secrets['local_admin_password']}\n")
    _service_command(
        layout,
        "panel.manage",
        "create-superuser-local",
        secret=("LOCAL_ADMIN_PASSWORD", state.secrets["local_admin_password"]),
    )


def _service_command(
    layout: Layout, module: str, *arguments: str, secret: tuple[str, str] | None = None
) -> None:
    """Run a service's own command with its settings; secrets by environment, never as arguments."""
    service = {"billing": "billing", "auth": "auth", "panel": "admin"}[module.partition(".")[0]]
    state = load(layout)
    if state is None:
        raise Trouble("the suite has no state: `make up` makes it")
    values = environment.clean_process_environment(layout, state)
    # Not a process of the suite: it must not be ended as a left-over of one.
    del values["SUITE_INSTANCE"]
    values |= read_env_file(layout.env_dir / f"{service}.env")
    values["LOCAL_ADMIN_USERNAME"] = environment.LOCAL_ADMIN_USERNAME
    if secret is not None:
        values[secret[0]] = secret[1]
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=values,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        log = layout.log_dir / f"{service}-{arguments[0]}.log"
        log.write_text(done.stdout + done.stderr)
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise Trouble(f"{service} {arguments[0]} failed: {last[0][:300]} (all of it in {log})")


def down(layout: Layout) -> bool:
    """Stop the suite; False when there was none."""
    if not layout.state_file.exists():
        return False
    with locked(layout):
        state = load(layout)
        if state is None:
            return False
        supervisor.shut_down(layout, state)
        return True


def reset(layout: Layout) -> None:
    """Stop, then remove what the suite made: only names that it makes itself."""
    down(layout)
    state = load(layout) if layout.state_file.exists() else None
    if state and state.cluster_home:
        shutil.rmtree(state.cluster_home, ignore_errors=True)
    if not layout.var.exists():
        return
    for path in layout.var.iterdir():
        if path == layout.settings_file:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def remove_orphaned_clusters() -> None:
    """Remove clusters of ours whose VAR_DIR is gone and that nothing runs from."""
    for home in _CLUSTERS.glob(f"{_CLUSTER_PREFIX}-*"):
        owner = home / "owner"
        if not owner.exists() or not os.access(home, os.W_OK):
            continue
        if Path(owner.read_text()).exists() or (home / "data" / "postmaster.pid").exists():
            continue
        shutil.rmtree(home, ignore_errors=True)
