"""The suite as a whole: up, down, status, reset."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from launcher import (
    certificates,
    clusters,
    databases,
    disk,
    environment,
    health,
    nginx,
    postgres,
    supervisor,
    versions,
)
from launcher.clusters import cluster_of
from launcher.layout import Layout
from launcher.ports import one_at_a_time
from launcher.programs import Program, plan
from launcher.service_commands import migrate
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


def up(layout: Layout) -> State:
    """Start what is not running and wait until all is healthy; safe to repeat."""
    with locked(layout):
        disk.require_room(layout)
        state = load_or_create(layout)
        disk.require_room_for_cluster(layout, state)
        wanted = (
            outer_port("HTTPS_PORT", state.https_port or 8443),
            outer_port("HTTP_PORT", state.http_port or 8080),
        )
        if supervisor.is_running(state):
            if wanted == (state.https_port, state.http_port) and is_current(layout, state):
                return _resume(layout, state)
            if environment.needs_own_server(state):
                # Before anything is stopped: what runs goes on.
                versions.refuse_newer_databases(state)
            print("settings or code have changed: restarting")
            supervisor.shut_down(layout, state)
        supervisor.end_leftovers(layout, state)
        state.https_port, state.http_port = wanted
        require_outer_ports(state)
        clusters.remove_orphaned_clusters()
        with one_at_a_time():
            try:
                _start_afresh(layout, state)
            except Trouble as trouble:
                # Between looking at a port and listening on it, another program may have taken it,
                # and have gone again meanwhile.
                supervisor.shut_down(layout, state)
                met_another = isinstance(trouble, databases.OtherServer)
                if not settle_inner_ports(layout, state) and not met_another:
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
    """Whether what runs was started with the settings and the code as they are now."""
    wanted = environment.service_environments(layout, state)
    return environment.read_service_files(layout) == wanted and state.code == versions.fingerprint()


def programs_of(layout: Layout, state: State) -> list[Program]:
    """The programs this suite consists of, with their ports and health addresses."""
    cluster = cluster_of(layout, state) if environment.needs_own_server(state) else None
    return plan(layout, state, cluster, sandbox=environment.runs_sandbox(layout))


def prepare(layout: Layout, state: State) -> list[Program]:
    """Everything on disk: certificates, keys, settings, configuration, the cluster's files."""
    state.code = versions.fingerprint()
    save(layout, state)
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
    versions.refuse_newer_databases(state)
    migrate(layout, state)
    supervisor.start_programs(state, [program.name for program in programs])
    health.wait_until_healthy(layout, state, programs)


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
    try:
        down(layout)
        state = load(layout)
    except Trouble:
        # What the suite knew of itself is lost: what runs and lies about still says whose it is.
        supervisor.end_leftovers(layout, None)
        state = None
    if state and state.cluster_home:
        shutil.rmtree(state.cluster_home, ignore_errors=True)
    clusters.remove_clusters_of(layout)
    if not layout.var.exists():
        return
    for path in layout.var.iterdir():
        if path == layout.settings_file:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
