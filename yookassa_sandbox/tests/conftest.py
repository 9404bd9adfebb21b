"""The sandbox as a process of its own, over TLS, and a receiver for what it sends."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

# Parts that test files import by name.
sys.path.insert(0, str(Path(__file__).resolve().parent))

SHOP, SECRET = "100500", "test_secret"
RETURN_URL = "http://shop.test/back?o=7&x=a%20b#part"


def wait_until(check: Callable[[], Any], seconds: float = 8.0) -> Any:
    """What `check` gives as soon as it gives something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")


@dataclass
class Sandbox:
    """A handle on the running process and its API."""

    folder: Path
    port: int
    ca_file: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    offset: int = 0
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            verify=ssl.create_default_context(cafile=str(self.ca_file)),
            timeout=15,
        )

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sandbox.app"],
                env={"PATH": os.environ["PATH"], **self.environment},
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        wait_until(self._ready, 20)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(15)
        self.process = None
        return code

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def body(self, **changes: Any) -> dict[str, Any]:
        return {
            "amount": {"value": "1342.00", "currency": "RUB"},
            "capture": True,
            "confirmation": {"type": "redirect", "return_url": RETURN_URL},
            "description": "Оплата подписки",
            **changes,
        }

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Idempotence-Key": os.urandom(8).hex(), **options.pop("headers", {})}
        return self.client.request(
            method, f"/v3{path}", auth=(SHOP, SECRET), headers=headers, **options
        )

    def create(self, key: str | None = None, **changes: Any) -> dict[str, Any]:
        headers = {"Idempotence-Key": key} if key else {}
        answer = self.call("POST", "/payments", json=self.body(**changes), headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, payment_id: str) -> dict[str, Any]:
        return self.call("GET", f"/payments/{payment_id}").json()

    def control(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.client.request(method, f"/_sandbox{path}", **options)

    def succeed(self, payment_id: str) -> dict[str, Any]:
        answer = self.control("POST", f"/payments/{payment_id}/succeed")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def paid(self, value: str = "1342.00") -> str:
        """The id of a payment that may be refunded."""
        made = self.create(amount={"value": value, "currency": "RUB"})
        return self.succeed(made["id"])["id"]

    def ask_refund(
        self, payment_id: str, value: str, key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {"payment_id": payment_id, "amount": {"value": value, "currency": "RUB"}, **more}
        headers = {"Idempotence-Key": key} if key else {}
        return self.call("POST", "/refunds", json=body, headers=headers)

    def refund(self, payment_id: str, value: str, **options: Any) -> dict[str, Any]:
        answer = self.ask_refund(payment_id, value, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get_refund(self, refund_id: str) -> dict[str, Any]:
        return self.call("GET", f"/refunds/{refund_id}").json()

    def refunds_of(self, payment_id: str) -> list[dict[str, Any]]:
        answer = self.control("GET", "/refunds", params={"payment_id": payment_id})
        return answer.json()["items"]

    def arm(self, mode: str, **options: Any) -> None:
        spec = {"method": "POST", "path": "/v3/payments", "mode": mode, **options}
        answer = self.control("POST", "/faults", json=spec)
        assert answer.status_code == 200, answer.text

    def deliveries(self, object_id: str) -> list[dict[str, Any]]:
        answer = self.control("GET", "/deliveries", params={"object_id": object_id})
        return answer.json()["items"]

    def advance(self, seconds: int) -> None:
        self.offset += seconds
        fresh = self.folder / "clock.new"
        fresh.write_text(json.dumps({"offset_seconds": self.offset}))
        fresh.rename(self.folder / "clock.json")


class Receiver:
    """Answers notifications as told and remembers them."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.code = 200
        self.delay = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(
                    {
                        "raw": raw,
                        "source": self.client_address[0],
                        "headers": dict(self.headers),
                        "at": time.monotonic(),
                    }
                )
                time.sleep(receiver.delay)
                self.send_response(receiver.code)
                self.end_headers()

            def do_GET(self) -> None:
                """The shop's page, for a payer who comes back."""
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: Any) -> None:
                """The sandbox may give up on us, as it should."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/notification/secret"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of(self, object_id: str) -> list[dict[str, Any]]:
        bodies = [json.loads(one["raw"]) for one in self.received]
        return [body for body in bodies if body["object"]["id"] == object_id]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    files = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(str(files["ca"]))
    leaf.private_key_pem.write_to_path(str(files["key"]))
    for pem in leaf.cert_chain_pems:
        pem.write_to_path(str(files["cert"]), append=True)
    return files


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture(scope="session")
def launch(
    authority: dict[str, Path], receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Sandbox]]:
    started: list[Sandbox] = []

    def launch_one(**environment: str) -> Sandbox:
        folder = tmp_path_factory.mktemp("sandbox")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        sandbox = Sandbox(
            folder,
            port,
            authority["ca"],
            {
                "VAR_DIR": str(folder),
                "SANDBOX_PORT": str(port),
                "SANDBOX_SHOP_ID": SHOP,
                "SANDBOX_SECRET_KEY": SECRET,
                "SANDBOX_TLS_CERT": str(authority["cert"]),
                "SANDBOX_TLS_KEY": str(authority["key"]),
                "SANDBOX_STATE_FILE": str(folder / "state.sqlite"),
                "SANDBOX_PAGE_URL": "https://pages.test/sandbox",
                "SANDBOX_NOTIFICATION_URL": receiver.url,
                "SANDBOX_NOTIFICATION_SOURCE": "127.0.0.53",
                "SANDBOX_NOTIFICATION_TIMEOUT": "1",
                "BUSINESS_CLOCK_FILE": str(folder / "clock.json"),
                **environment,
            },
        )
        started.append(sandbox)
        sandbox.start()
        return sandbox

    yield launch_one
    for sandbox in started:
        if sandbox.process is not None:
            sandbox.stop()
        sandbox.client.close()


@pytest.fixture(scope="session")
def shared(launch: Callable[..., Sandbox]) -> Sandbox:
    """One process for every test that leaves the clock alone."""
    return launch()


@pytest.fixture(scope="session")
def timed(launch: Callable[..., Sandbox]) -> Sandbox:
    """One whose clock only goes forward, for tests that do not mind the hour."""
    return launch()


@pytest.fixture
def sandbox(shared: Sandbox, receiver: Receiver) -> Iterator[Sandbox]:
    """The shared one, without faults and with a receiver that says 200."""
    yield shared
    shared.control("DELETE", "/faults")
    receiver.code, receiver.delay = 200, 0.0
