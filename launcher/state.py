"""What a suite remembers from its first start: its identity, its inner ports, its secrets."""

import copy
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from typing import Any

from launcher.layout import Layout, write_private
from launcher.ports import free_ports, has_ipv6_loopback, is_free

# Inner ports are preferences: a taken one is replaced and the replacement remembered.
PREFERRED_PORTS = {
    "billing": 8010,
    "auth": 8001,
    "admin": 8011,
    "sandbox": 8020,
    "postgres": 8432,
    "supervisor": 8099,
}
_SECRETS = (
    "postgres_password",
    "billing_owner_password",
    "billing_password",
    "auth_password",
    "admin_password",
    "supervisor_password",
    "notification_secret",
    "sandbox_secret_key",
    "service_client_secret",
    "admin_secret_key",
    "staff_password",
    "local_admin_password",
)


class Trouble(Exception):
    """One clear sentence for the person at the terminal; ends the command with exit code 1."""


@dataclass(slots=True)
class State:
    """Kept in VAR_DIR/suite.json, 0600."""

    instance: str
    ports: dict[str, int] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    cluster_home: str = ""
    https_port: int = 0
    http_port: int = 0
    code: str = ""


def load(layout: Layout) -> State | None:
    """The remembered state; None before the first start."""
    if not layout.state_file.exists():
        return None
    try:
        values: dict[str, Any] = json.loads(layout.state_file.read_text())
        return State(**values)
    except (ValueError, TypeError) as error:
        raise Trouble(
            f"{layout.state_file} cannot be read ({error}): put a copy in its place, or start"
            " afresh with `make reset`, which deletes the databases"
        ) from error


def load_or_create(layout: Layout) -> State:
    """The remembered state with every secret present, written before anything uses it."""
    known = load(layout)
    state = copy.deepcopy(known) if known else State(instance=secrets.token_hex(8))
    for name in _SECRETS:
        state.secrets.setdefault(name, secrets.token_urlsafe(24))
    for name, port in PREFERRED_PORTS.items():
        state.ports.setdefault(name, port)
    if state != known:
        save(layout, state)
    return state


def save(layout: Layout, state: State) -> None:
    """Replace the state file in one rename."""
    write_private(layout.state_file, json.dumps(asdict(state), indent=1))


def outer_port(variable: str, default: int) -> int:
    """HTTPS_PORT or HTTP_PORT as given."""
    text = os.environ.get(variable, "") or str(default)
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Trouble(f"{variable}={text} is not a port")
    return int(text)


def require_outer_ports(state: State) -> None:
    """Outer ports are never changed silently: a taken one is named with its variable."""
    for variable, port in (("HTTPS_PORT", state.https_port), ("HTTP_PORT", state.http_port)):
        hosts = ("127.0.0.1", "::1") if has_ipv6_loopback() else ("127.0.0.1",)
        if not all(is_free(port, host) for host in hosts):
            raise Trouble(
                f"port {port} is taken by another program: set {variable} to a free port"
                f" (for example {variable}={free_ports(1)[0]} make up)"
            )


def settle_inner_ports(layout: Layout, state: State) -> bool:
    """Replace taken inner ports by free ones and keep what was chosen; whether any was taken."""
    taken = [name for name, port in state.ports.items() if not is_free(port)]
    for name, port in zip(taken, free_ports(len(taken)), strict=True):
        state.ports[name] = port
    save(layout, state)
    return bool(taken)
