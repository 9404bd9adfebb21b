"""One whole suite for the run, on free ports, in a folder with a space under a 0700 parent.

These tests know no service from inside: they speak HTTP, drive a browser and call the commands.
"""

import itertools
import os
import secrets
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTED_PAYMENT = (
    '{"value": 1342.00, "currency": "RUB", "description": "Оплата подписки"}'.encode()
)
_JSON = {"Content-Type": "application/json"}


class Suite:
    """A running suite: its environment and a client that trusts its authority."""

    def __init__(self, folder: Path) -> None:
        self.var = folder / "a suite"
        self._environ = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith(("_PORT", "_DATABASE_URL"))
            and not name.startswith(("YOOKASSA", "RATE_", "TEST_POSTGRES"))
        }
        self.https_port, self.http_port = _free_ports(2)
        self._environ |= {
            "VAR_DIR": str(self.var),
            "HTTPS_PORT": str(self.https_port),
            "HTTP_PORT": str(self.http_port),
            # All of these tests come from one address; the limits have tests of their own.
            "REGISTRATIONS_PER_MINUTE": "100000",
            "LOGINS_PER_MINUTE": "100000",
            # One test's trouble at the provider is not the next one's; the breaker has its own too.
            "BREAKER_OPENS_AFTER": "1000",
        }
        self.env: dict[str, str] = {}

    @property
    def launcher(self) -> tuple[list[str], dict[str, str]]:
        """How `make` calls the launcher here: the words before the verb, and the environment."""
        return [sys.executable, "-m", "launcher.cli"], self._environ

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One of the launcher's verbs, as `make` calls it."""
        return self.run(sys.executable, "-m", "launcher.cli", *words, check=check)

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            words,
            cwd=REPOSITORY,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done

    def up(self) -> None:
        self.command("up")
        for line in self.command("env").stdout.splitlines():
            key, _, value = line.partition("=")
            self.env[key] = shlex.split(value)[0] if value else ""

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.env["CA_FILE"])

    def client(self, **options: Any) -> httpx.Client:
        options.setdefault("base_url", self.env["BASE_URL"])
        transport = options.pop("transport", None) or httpx.HTTPTransport(verify=self.tls)
        return httpx.Client(transport=transport, trust_env=False, timeout=30, **options)

    def sandbox(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The sandbox's own API, as a script uses it."""
        with self.client(base_url=self.env["SANDBOX_URL"]) as http:
            answer = http.request(method, path, **options)
        assert answer.status_code == 200, answer.text
        return answer

    def provider_list(self) -> list[dict[str, Any]]:
        """All payments the provider knows, newest first."""
        auth = (self.env["SANDBOX_SHOP_ID"], self.env["SANDBOX_SECRET_KEY"])
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.sandbox("GET", "/v3/payments", params={"limit": 100, **cursor}, auth=auth)
            found += page.json()["items"]
            if "next_cursor" not in page.json():
                return found
            cursor = {"cursor": page.json()["next_cursor"]}

    def faults(self, *faults: dict[str, Any]) -> None:
        self.sandbox("DELETE", "/_sandbox/faults")
        for fault in faults:
            self.sandbox("POST", "/_sandbox/faults", json=fault)


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Customer:
    """A registered, logged-in customer."""

    def __init__(self, suite: Suite, name: str) -> None:
        self.suite = suite
        self.name = name
        self.password = "newpassword1"
        self.http = suite.client()
        account = {"username": name, "password": self.password, "email": f"{name}@test.com"}
        made = self.http.post("/auth/api/v1/registration", json=account)
        assert made.status_code == 201, made.text
        self.account = made.json()
        entered = self.http.post(
            "/auth/api/v1/login", json={"username": name, "password": self.password}
        )
        assert entered.status_code == 200, entered.text
        self.token = entered.json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def create(self, body: bytes = DOCUMENTED_PAYMENT, **headers: str) -> httpx.Response:
        return self.http.post("/api/v1/payment", content=body, headers={**_JSON, **headers})

    def created(self, body: bytes = DOCUMENTED_PAYMENT) -> dict[str, Any]:
        answer = self.create(body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def payment(self, payment_id: str) -> dict[str, Any]:
        answer = self.http.get(f"/api/v1/payment/{payment_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def available(self) -> str:
        answer = self.http.get("/api/v1/balance")
        assert answer.status_code == 200, answer.text
        [item] = answer.json()["items"]
        assert item["currency"] == "RUB"
        return item["available"]

    def pay(self, payment: dict[str, Any]) -> None:
        provider_id = payment["confirmation_url"].partition("orderId=")[2]
        assert len(provider_id) == 36
        self.suite.sandbox("POST", f"/_sandbox/payments/{provider_id}/succeed")

    def await_status(self, payment_id: str, status: str, seconds: float = 30) -> dict[str, Any]:
        return wait_for(
            lambda: (found := self.payment(payment_id))["status"] == status and found, seconds
        )


def wait_for(probe: Callable[[], Any], seconds: float = 30) -> Any:
    """What `probe` gives once it is truthy."""
    deadline = time.monotonic() + seconds
    while True:
        if found := probe():
            return found
        assert time.monotonic() < deadline, f"nothing within {seconds} s"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def suite_at() -> Callable[[Path], Suite]:
    """Another suite, not started, with a VAR_DIR of its own in the folder given."""
    return Suite


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    folder = Path(tempfile.mkdtemp(prefix="suite-e2e-"))
    running = Suite(folder)
    try:
        running.up()
        yield running
    finally:
        if os.environ.get("KEEP_SUITE"):
            print(f"kept: VAR_DIR={shlex.quote(str(running.var))}")
        else:
            running.command("reset", check=False)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_customer(suite: Suite) -> Callable[[], Customer]:
    numbers = itertools.count(1)

    def make() -> Customer:
        return Customer(suite, f"user_{next(numbers)}_{secrets.token_hex(3)}")

    return make


@pytest.fixture
def customer(new_customer: Callable[[], Customer]) -> Customer:
    return new_customer()


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    return wait_for


@pytest.fixture
def no_faults(suite: Suite) -> Iterator[Suite]:
    """The suite with the sandbox's faults cleared before and after."""
    suite.faults()
    yield suite
    suite.faults()


def _check_problem(answer: httpx.Response, status: int | tuple[int, ...]) -> None:
    wanted = status if isinstance(status, tuple) else (status,)
    assert answer.status_code in wanted, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem)
    assert problem["status"] == answer.status_code
    assert problem["code"]
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Request-ID"] in problem["instance"]


@pytest.fixture(scope="session")
def check_problem() -> Callable[..., None]:
    """`check_problem(answer, 422)`: problem+json of that status, with the request's id."""
    return _check_problem


@pytest.fixture(scope="module")
def alice(new_customer: Callable[[], Customer]) -> Customer:
    """One customer for all tests of a file that change nothing."""
    return new_customer()
