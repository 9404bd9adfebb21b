"""Real PostgreSQL with real migrations, and a neighbour that speaks the wire contract over HTTP."""

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "panel.settings")

# Parts that test files import by name.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from django.contrib.auth.models import Group, User
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from joserfc import jwt
from joserfc.jwk import ECKey

from panel.sync.worker import make_feeds

TABLES = (
    "mirror_payment, mirror_balance, mirror_journal, mirror_journalline, mirror_person,"
    "mirror_feedcursor, mirror_rejectedchange, staff_staffaccount, auth_user_groups, auth_user,"
    "django_session"
)


class Neighbour:
    """Auth and billing in one: log-in, service tokens, keys, and both change feeds."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"})
        self.feeds: dict[str, list[dict[str, Any]]] = {"billing": [], "auth": []}
        self.accounts: dict[str, dict[str, Any]] = {}
        self.service_token = "service-1"
        self.tokens_issued = 0
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.fail_next = 0
        self.client = ("admin-sync", "placeholder")
        self.page_hook: Callable[[], None] | None = None
        self.parity: Callable[[str, str], Any] | None = None

    def publish(self, feed: str, kind: str, pk: Any, version: int, data: dict[str, Any]) -> None:
        items = self.feeds[feed]
        if kind == "payment":
            data = {**data, "id": str(pk)}
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        items.append(
            {
                "position": f"{700 + len(items)}-{len(items) + 1}",
                "kind": kind,
                "id": str(pk),
                "version": version,
                "at": at,
                "data": data,
            }
        )

    def page(self, feed: str, query: dict[str, list[str]]) -> dict[str, Any]:
        after, limit = query.get("after", [""])[0], int(query.get("limit", ["1000"])[0])
        wait = time.monotonic() + int(query.get("wait", ["0"])[0])
        while True:
            items = self.feeds[feed]
            places = [item["position"] for item in items]
            start = places.index(after) + 1 if after in places else 0
            found = items[start : start + limit]
            if found or time.monotonic() >= wait:
                end = found[-1]["position"] if found else (after or "0-0")
                return {"items": found, "next_after": end}
            time.sleep(0.02)

    def token(self, account: dict[str, Any], **changed: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": settings.TOKEN_ISSUER,
            "aud": ["auth", "billing"],
            "sub": account["id"],
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": uuid4().hex,
            "type": "access",
            "roles": account["roles"],
            "scope": "",
            "username": account["username"],
            **changed,
        }
        header = {"alg": "ES256", "kid": "k1", "typ": "at+jwt"}
        return jwt.encode(header, claims, account.get("signed_by", self.key))


def _handler(name: str, neighbour: Neighbour) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def answer(self, status: int, body: Any) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/.well-known/jwks.json":
                return self.answer(200, {"keys": [neighbour.key.as_dict(private=False)]})
            query = parse_qs(parts.query)
            neighbour.requests.append((name, query))
            if neighbour.fail_next:
                neighbour.fail_next -= 1
                return self.answer(500, {"code": "internal_error"})
            if self.headers.get("Authorization") != f"Bearer {neighbour.service_token}":
                return self.answer(401, {"code": "unauthorized"})
            if parts.path.endswith("/parity"):
                return self.answer(200, neighbour.parity(query["kind"][0], query["at"][0]))
            if neighbour.page_hook is not None:
                neighbour.page_hook()
            return self.answer(200, neighbour.page(name, query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/api/v1/token":
                neighbour.tokens_issued += 1
                return self.answer(
                    200, {"access_token": neighbour.service_token, "expires_in": 900}
                )
            given = json.loads(body)
            account = neighbour.accounts.get(given["username"])
            if account is None or account["password"] != given["password"]:
                return self.answer(401, {"code": "unauthorized"})
            token = account.get("token") or neighbour.token(account)
            return self.answer(200, {"access_token": token, "token_type": "Bearer"})

    return Handler


@pytest.fixture(scope="session", autouse=True)
def _database() -> Iterator[None]:
    setup_test_environment()
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory() as folder:
        settings.STATIC_ROOT = folder
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        yield
    connection.close()


@pytest.fixture(autouse=True)
def _clean(_database: None) -> Iterator[None]:
    yield
    close_old_connections()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    """Two listening servers, auth's and billing's; the settings point at them."""
    neighbour = Neighbour()
    servers, before = [], (settings.AUTH_URL, settings.BILLING_URL)
    for name in ("auth", "billing"):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(name, neighbour))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        setattr(settings, f"{name.upper()}_URL", f"http://127.0.0.1:{server.server_port}")
    yield neighbour
    settings.AUTH_URL, settings.BILLING_URL = before
    for server in servers:
        server.shutdown()
        server.server_close()


def published(name: str) -> dict[str, Any]:
    """An example of a snapshot as its service publishes it."""
    return json.loads((Path(__file__).parent / "data" / f"{name}.json").read_text())


@pytest.fixture
def payment_data() -> Callable[..., dict[str, Any]]:
    """A payment of somebody's."""
    return lambda customer, **changed: {
        **published("payment"),
        "customer_id": str(customer),
        **changed,
    }


@pytest.fixture
def account_data() -> Callable[..., dict[str, Any]]:
    """A person by name."""
    return lambda username, **changed: {
        **published("account"),
        "username": username,
        "email": f"{username}@test.com",
        **changed,
    }


@pytest.fixture
def journal_data() -> Callable[..., dict[str, Any]]:
    """The journal of somebody's top-up."""

    def make(payment: Any, customer: Any) -> dict[str, Any]:
        journal = {**published("journal"), "payment_id": str(payment)}
        journal["lines"][1] |= {
            "account": f"customer_paid:{customer}",
            "customer_id": str(customer),
        }
        return journal

    return make


@pytest.fixture
def make_feed(neighbour: Neighbour) -> Iterator[Callable[..., Any]]:
    """`make_feed(limit)`: a feed of billing's (or of another's by name), closed afterwards."""
    made = []

    def make(limit: int = 100, name: str = "billing") -> Any:
        feed = make_feeds([name])[0]
        feed.limit = limit
        made.append(feed)
        return feed

    yield make
    for feed in made:
        feed.close()


@pytest.fixture
def pull(neighbour: Neighbour) -> Callable[[], None]:
    """`admin sync`: both feeds to their ends."""
    return lambda: call_command("sync", stdout=StringIO())


@pytest.fixture
def browser() -> Client:
    """A browser behind the edge: TLS ended there, Russian preferred."""
    return Client(
        headers={"X-Forwarded-Proto": "https", "Accept-Language": "ru", "Host": "127.0.0.1:8443"}
    )


@pytest.fixture
def superuser(browser: Client) -> Client:
    """Signed in as the one who may everything elsewhere."""
    user = User.objects.create(username="root", is_staff=True, is_superuser=True)
    browser.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def as_role() -> Callable[[str], Client]:
    """A signed-in browser of somebody with a staff role."""

    def make(role: str) -> Client:
        client = Client(headers={"X-Forwarded-Proto": "https", "Accept-Language": "ru"})
        user = User.objects.create_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user, "panel.staff.backend.AuthServiceBackend")
        return client

    return make


@pytest.fixture
def django_queries() -> Callable[[Callable[[], Any]], int]:
    """How many statements something costs."""

    def count(work: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            work()
        return len(captured)

    return count
