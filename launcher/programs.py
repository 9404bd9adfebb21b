"""What runs: one table of programs, in the order they start."""

import os
import sys
from dataclasses import dataclass, field

from launcher import nginx, postgres
from launcher.layout import REPOSITORY, Layout
from launcher.state import State


@dataclass(frozen=True, slots=True)
class Program:
    """One process under the supervisor; `port` None means that it listens nowhere."""

    name: str
    command: list[str]
    stage: int
    port: int | None = None
    health: str | None = None
    user: str | None = None
    stop_signal: str = "TERM"
    directory: str = field(default=str(REPOSITORY))
    environment: dict[str, str] = field(default_factory=dict)


# Hashing passwords in threads leaves an arena a thread: half the memory stays with the process.
_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "1048576"}


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def plan(
    layout: Layout, state: State, cluster: postgres.Cluster | None, *, sandbox: bool
) -> list[Program]:
    """All programs; stage 0 must answer before databases are migrated, the rest follows."""
    ports = state.ports
    programs = []
    if cluster is not None:
        programs.append(
            Program(
                "postgres",
                cluster.server_command(),
                stage=0,
                port=ports["postgres"],
                user=cluster.os_user,
                stop_signal="INT",
                # The folder the command was typed in may be closed to the user PostgreSQL runs as.
                directory="/",
            )
        )
    if sandbox:
        programs.append(
            Program(
                "sandbox",
                _python("sandbox.app"),
                stage=1,
                port=ports["sandbox"],
                health=f"https://127.0.0.1:{ports['sandbox']}/health/ready",
            )
        )
    for name, module in (
        ("auth", "auth.main"),
        ("billing", "billing.main"),
        ("admin", "panel.main"),
    ):
        programs.append(
            Program(
                name,
                _python(module),
                stage=1,
                port=ports[name],
                health=f"http://127.0.0.1:{ports[name]}/health/ready",
                environment=_FEW_ARENAS,
            )
        )
    programs += [
        Program("billing_worker", _python("billing.worker"), stage=1),
        Program("admin_sync", _python("panel.manage", "sync", "--forever"), stage=1),
        Program(
            "nginx",
            _python("launcher.edge", str(layout.nginx_dir), *nginx.command(layout)),
            stage=2,
            port=state.https_port,
            health=f"https://127.0.0.1:{state.https_port}/",
            stop_signal="QUIT",
            user="root" if os.geteuid() == 0 else None,
        ),
    ]
    return programs
