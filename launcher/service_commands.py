"""The services' own commands that a start needs: migrations, the first accounts, static files."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from launcher import environment
from launcher.layout import REPOSITORY, Layout, read_env_file, write_private
from launcher.state import State, Trouble, load


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
