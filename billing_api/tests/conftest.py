"""Real parts for billing's tests: migrated databases, the sandbox as a process, keys over HTTP.

Only the clock is ever faked. Each test makes its own customers, so nothing is cleaned up between.
"""

import json
import os
import secrets
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest
from alembic import command
from joserfc import jwt
from joserfc.jwk import ECKey

from billing.gateway.yookassa.client import YooKassaAccount, YooKassaGateway
from billing.platform.clock import ManualClock, SystemClock
from billing.platform.database import Database
from billing.platform.grants import grant_service_role
from billing.platform.ids import new_id
from billing.wiring.migrating import migration_config

SHOP_ID, SECRET_KEY = "100500", "test_sandbox_key_1234567890"
ISSUER = "https://suite.test/auth"
NOTIFICATION_SECRET = "notification-secret-of-the-tests"
BASE_URL = "https://127.0.0.1:8443"
# Making one costs more than most requests here, and nothing here is encrypted.
NO_TLS = ssl.create_default_context()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.05)


@contextmanager
def process(module: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, "-m", module],
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def answers(url: str) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return httpx.get(url, timeout=2, verify=NO_TLS).status_code == 200
        except httpx.TransportError:
            return False

    return ready


@dataclass(frozen=True)
class Urls:
    """The owner's and the service's address of one migrated database."""

    owner: str
    service: str


@pytest.fixture(scope="session")
def make_migrated(postgres_url: str, make_database: Callable[[str], str]) -> Callable[[], Urls]:
    def make() -> Urls:
        owner = make_database("billing")
        role, password = f"service_{secrets.token_hex(6)}", secrets.token_hex(16)
        connection = psycopg2.connect(postgres_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        connection.close()
        parts = urlsplit(owner)
        service = f"postgresql://{role}:{password}@{parts.hostname}:{parts.port}{parts.path}"
        command.upgrade(migration_config(owner), "head")
        grant_service_role(owner, service)
        return Urls(owner, service)

    return make


@pytest.fixture(scope="session")
def urls(make_migrated: Callable[[], Urls]) -> Urls:
    """The database of the tests that call flows; no worker runs on it."""
    return make_migrated()


@pytest.fixture(scope="session")
async def database(urls: Urls) -> AsyncIterator[Database]:
    database = Database(urls.service)
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
def customer() -> str:
    return str(new_id())


@dataclass
class Sandbox:
    """The sandbox process, steered as a script would."""

    url: str
    log: Path

    @property
    def api(self) -> str:
        return f"{self.url}/v3"

    def control(self, address: str, **body: Any) -> None:
        answer = httpx.post(f"{self.url}/_sandbox{address}", json=body, timeout=20, verify=NO_TLS)
        assert answer.status_code == 200, answer.text

    def succeed(self, provider_id: str) -> None:
        self.control(f"/payments/{provider_id}/succeed")

    def cancel(self, provider_id: str) -> None:
        self.control(f"/payments/{provider_id}/cancel")

    def fault(self, mode: str, *, times: int = 1, method: str = "POST", **more: Any) -> None:
        what = {"method": method, "path": "/v3/payments*", "mode": mode, "times": times}
        self.control("/faults", **what, **more)

    def calm(self) -> None:
        httpx.delete(f"{self.url}/_sandbox/faults", timeout=20, verify=NO_TLS).raise_for_status()

    def payments(self) -> list[dict[str, Any]]:
        answer = httpx.get(
            f"{self.api}/payments",
            params={"limit": "100"},
            auth=(SHOP_ID, SECRET_KEY),
            timeout=20,
            verify=NO_TLS,
        )
        answer.raise_for_status()
        return answer.json()["items"]

    def payments_of(self, payment_uid: object) -> list[dict[str, Any]]:
        wanted = str(payment_uid)
        return [p for p in self.payments() if p.get("metadata", {}).get("payment_uid") == wanted]


@pytest.fixture(scope="session")
def start_sandbox(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Sandbox]]:
    with ExitStack() as stack:

        def start(**more: str) -> Sandbox:
            folder = tmp_path_factory.mktemp("sandbox")
            port = free_port()
            environment = {
                "VAR_DIR": str(folder),
                "SANDBOX_PORT": str(port),
                "SANDBOX_SHOP_ID": SHOP_ID,
                "SANDBOX_SECRET_KEY": SECRET_KEY,
                "SANDBOX_STATE_FILE": str(folder / "state.sqlite"),
                "SANDBOX_PAGE_URL": f"{BASE_URL}/sandbox",
                "SANDBOX_HANG_SECONDS": "30",
                **more,
            }
            log = folder / "log"
            stack.enter_context(process("sandbox.app", environment, log))
            sandbox = Sandbox(f"http://127.0.0.1:{port}", log)
            wait_until(answers(f"{sandbox.url}/health/live"))
            return sandbox

        yield start


@pytest.fixture(scope="session")
def _flow_sandbox(start_sandbox: Callable[..., Sandbox]) -> Sandbox:
    return start_sandbox()


@pytest.fixture
def sandbox(_flow_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The provider of the tests that call flows; it notifies nobody."""
    yield _flow_sandbox
    _flow_sandbox.calm()


@pytest.fixture(scope="session")
async def gateway(_flow_sandbox: Sandbox) -> AsyncIterator[YooKassaGateway]:
    account = YooKassaAccount(_flow_sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
    async with YooKassaGateway(account) as gateway:
        yield gateway


@dataclass
class Issuer:
    """Plays auth: publishes its key over real HTTP and signs what tests ask for."""

    key: ECKey
    jwks_url: str
    served: list[dict[str, Any]]
    asked: list[str] = field(default_factory=list)
    is_down: bool = False

    def sign(
        self,
        subject: str,
        scope: str = "payments:read payments:write balance:read",
        *,
        header: dict[str, Any] | None = None,
        key: Any = None,
        algorithms: list[str] | None = None,
        **claims: Any,
    ) -> str:
        now = int(time.time())
        full = {
            "iss": ISSUER,
            "aud": ["auth", "billing"],
            "sub": subject,
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": secrets.token_hex(8),
            "type": "access",
            "roles": ["customer"],
            "scope": scope,
            **claims,
        }
        head = {"alg": "ES256", "kid": self.key.kid, "typ": "at+jwt", **(header or {})}
        payload = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(head, payload, key or self.key, algorithms=algorithms or ["ES256"])


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    key = ECKey.generate_key("P-256", {"kid": "test-1", "use": "sig", "alg": "ES256"})
    made = Issuer(key, "", [key.as_dict(private=False)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            body = json.dumps({"keys": made.served}).encode()
            self.send_response(503 if made.is_down else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.jwks_url = f"http://127.0.0.1:{server.server_port}/jwks.json"
    yield made
    server.shutdown()
    server.server_close()


@dataclass
class Api:
    """Billing as processes: its address, its sandbox, its log, its clock."""

    url: str
    issuer: Issuer
    sandbox: Sandbox
    urls: Urls
    environment: dict[str, str]
    folder: Path
    hooks: list[Callable[[httpx.Response], None]] = field(default_factory=list)

    def client(
        self, subject: str | None = None, scope: str | None = None, **more: Any
    ) -> httpx.Client:
        headers = {}
        if subject is not None:
            arguments = {} if scope is None else {"scope": scope}
            headers["Authorization"] = f"Bearer {self.issuer.sign(subject, **arguments, **more)}"
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=20,
            verify=NO_TLS,
            event_hooks={"response": self.hooks},
        )

    def notify(self, body: bytes, *, source: str = "127.0.0.53", **more: Any) -> httpx.Response:
        transport = httpx.HTTPTransport(local_address=source, verify=NO_TLS)
        with httpx.Client(transport=transport, base_url=self.url, timeout=20) as client:
            return client.post(f"/api/v1/notification/{NOTIFICATION_SECRET}", content=body, **more)

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.urls.owner)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="session")
def suite(
    make_migrated: Callable[[], Urls],
    start_sandbox: Callable[..., Sandbox],
    issuer: Issuer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Api]:
    """The API and its worker as they run in earnest, the sandbox notifying them."""
    folder = tmp_path_factory.mktemp("billing")
    port = free_port()
    urls = make_migrated()
    url = f"http://127.0.0.1:{port}"
    sandbox = start_sandbox(
        SANDBOX_NOTIFICATION_URL=f"{url}/api/v1/notification/{NOTIFICATION_SECRET}",
        SANDBOX_NOTIFICATION_SOURCE="127.0.0.53",
    )
    environment = {
        "VAR_DIR": str(folder),
        "ENVIRONMENT": "development",
        "BASE_URL": BASE_URL,
        "BUSINESS_CLOCK_FILE": str(folder / "clock.json"),
        "BILLING_DATABASE_URL": urls.service,
        "BILLING_MIGRATIONS_URL": urls.owner,
        "BILLING_PORT": str(port),
        "AUTH_JWKS_URL": issuer.jwks_url,
        "TOKEN_ISSUER": ISSUER,
        "YOOKASSA_API_URL": sandbox.api,
        "YOOKASSA_SHOP_ID": SHOP_ID,
        "YOOKASSA_SECRET_KEY": SECRET_KEY,
        "NOTIFICATION_SECRET": NOTIFICATION_SECRET,
        "RETURN_URL_HOSTS": "shop.test",
    }
    with ExitStack() as stack:
        stack.enter_context(process("billing.main", environment, folder / "api.log"))
        stack.enter_context(process("billing.worker", environment, folder / "worker.log"))
        wait_until(answers(f"{url}/health/ready"))
        yield Api(url, issuer, sandbox, urls, environment, folder)


@pytest.fixture
def api(suite: Api) -> Iterator[Api]:
    yield suite
    suite.sandbox.calm()


@pytest.fixture
def start_api(suite: Api) -> Iterator[Callable[[str], str]]:
    """Another API process of the suite on the database given: its address."""
    with ExitStack() as stack:

        def start(database_url: str) -> str:
            port = free_port()
            environment = {
                **suite.environment,
                "BILLING_DATABASE_URL": database_url,
                "BILLING_PORT": str(port),
            }
            log = suite.folder / f"api-{port}.log"
            stack.enter_context(process("billing.main", environment, log))
            wait_until(answers(f"http://127.0.0.1:{port}/health/live"))
            return f"http://127.0.0.1:{port}"

        yield start


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_until
