"""supervisord, which restarts what ends and keeps the logs: its configuration and its RPC.

It is spoken to over TCP on 127.0.0.1 with a password of the suite's own: the path of a Unix socket
under a long VAR_DIR would not fit. Children of a killed supervisor live on; they are found by the
SUITE_INSTANCE in their environment and ended before the next start.
"""

import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

import psutil

from launcher import edge
from launcher.environment import clean_process_environment
from launcher.layout import Layout, write_private
from launcher.programs import Program
from launcher.state import State, Trouble

_RPC_SECONDS = 10
_UNREACHABLE = (OSError, HTTPException, xmlrpc.client.ProtocolError)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _section(layout: Layout, program: Program) -> str:
    lines = [
        f"[program:{program.name}]",
        f"command={_escaped(shlex.join(program.command))}",
        f"directory={_escaped(program.directory)}",
        f"priority={program.stage}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        # A start right after a kill may fail once or twice until a port or a lock is free.
        "startretries=30",
        f"stopsignal={program.stop_signal}",
        "stopwaitsecs=12",
        "stopasgroup=false",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_escaped(str(layout.log_dir / program.name))}.log",
        "stdout_logfile_maxbytes=20MB",
        "stdout_logfile_backups=3",
    ]
    if program.environment:
        pairs = (f'{key}="{_escaped(value)}"' for key, value in program.environment.items())
        lines.append(f"environment={','.join(pairs)}")
    if program.user is not None:
        lines.append(f"user={program.user}")
    return "\n".join(lines)


def write_config(layout: Layout, state: State, programs: list[Program]) -> None:
    """VAR_DIR/supervisord.conf; holds the RPC's password, so 0600."""
    password = state.secrets["supervisor_password"]
    head = f"""[supervisord]
nodaemon=false
logfile={_escaped(str(layout.log_dir))}/supervisord.log
logfile_maxbytes=5MB
pidfile={_escaped(str(layout.var))}/supervisord.pid
childlogdir={_escaped(str(layout.log_dir))}
identifier=suite-{state.instance}
{"user=root" if os.geteuid() == 0 else ""}

[inet_http_server]
port=127.0.0.1:{state.ports["supervisor"]}
username=suite
password={_escaped(password)}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    sections = [head, *(_section(layout, program) for program in programs)]
    write_private(layout.supervisor_config, "\n\n".join(sections) + "\n")


class _Bounded(xmlrpc.client.Transport):
    """Nothing we ask takes long; a stranger on our port may take the question and never answer."""

    def make_connection(self, host: Any) -> HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = _RPC_SECONDS
        return connection


def _rpc(state: State) -> Any:
    address = f"127.0.0.1:{state.ports['supervisor']}"
    url = f"http://suite:{state.secrets['supervisor_password']}@{address}/RPC2"
    return xmlrpc.client.ServerProxy(url, _Bounded()).supervisor


def is_running(state: State) -> bool:
    """Whether this suite's own supervisor answers."""
    try:
        return bool(_rpc(state).getIdentification() == f"suite-{state.instance}")
    except _UNREACHABLE:
        return False


def start_daemon(layout: Layout, state: State) -> None:
    """Start supervisord in the background, with an environment of our own."""
    done = subprocess.run(
        [sys.executable, "-m", "supervisor.supervisord", "-c", str(layout.supervisor_config)],
        env=clean_process_environment(layout, state),
        cwd=layout.var,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble(f"the process manager did not start: {done.stdout} {done.stderr}".strip())
    for _ in range(100):
        if is_running(state):
            return
        time.sleep(0.1)
    raise Trouble(f"the process manager does not answer; see {layout.log_dir}/supervisord.log")


def start_programs(state: State, names: list[str]) -> None:
    """Start these unless they run; a program that gives up at once is reported by health checks."""
    rpc = _rpc(state)
    for name in names:
        if rpc.getProcessInfo(name)["statename"] in {"RUNNING", "STARTING", "BACKOFF"}:
            continue
        rpc.startProcess(name, False)  # noqa: FBT003 - the protocol's own argument: do not wait


def process_table(state: State) -> list[dict[str, Any]]:
    """The supervisor's own view: name, statename, pid, start, description."""
    try:
        return list(_rpc(state).getAllProcessInfo())
    except _UNREACHABLE:
        return []


def shut_down(layout: Layout, state: State) -> None:
    """Stop everything of this suite, also what a killed supervisor left behind."""
    if is_running(state):
        processes = list(marked(layout, state))
        _stop_in_turn(state)
        _rpc(state).shutdown()
        psutil.wait_procs(processes, timeout=30)
    end_leftovers(layout, state)
    (layout.var / "supervisord.pid").unlink(missing_ok=True)


def _stop_in_turn(state: State) -> None:
    """The edge, then the services at once, then PostgreSQL: faster than one a second."""
    rpc = _rpc(state)
    rows = {row["name"]: row for row in rpc.getAllProcessInfo() if row["pid"]}
    services = [name for name in rows if name not in {"nginx", "postgres"}]
    for names in (["nginx"], services, ["postgres"]):
        running = [name for name in names if name in rows]
        for name in running:
            # It may have ended by itself meanwhile.
            with suppress(xmlrpc.client.Fault):
                rpc.stopProcess(name, False)  # noqa: FBT003 - the protocol's own: do not wait
        psutil.wait_procs([p for name in running if (p := _process(rows[name]["pid"]))], timeout=12)


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def end_leftovers(layout: Layout, state: State | None) -> None:
    """End marked processes: politely (PostgreSQL by INT: a fast shutdown), then by force."""
    left = list(marked(layout, state))
    for process in left:
        try:
            if process.name() == "postgres":
                process.send_signal(2)
            else:
                process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(left, timeout=12)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    edge.end_orphans(layout.nginx_dir)


def marked(layout: Layout, state: State | None) -> Iterator[psutil.Process]:
    """Processes of this suite, but for ourselves and our parents: by its SUITE_INSTANCE, or by any
    SUITE_INSTANCE and this VAR_DIR, where the suite has forgotten its own.
    """
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid in own:
            continue
        try:
            values = process.environ()
            instance = values.get("SUITE_INSTANCE")
            same_folder = values.get("VAR_DIR") == str(layout.var)
            if instance and (same_folder or (state is not None and instance == state.instance)):
                yield process
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
