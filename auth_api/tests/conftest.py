"""A migrated database of our own, the application on it, and a few people to play with."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask_migrate import upgrade
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import Client, TestResponse

from auth.app import create_app, create_operator_app
from auth.flows.ensure_client import ensure_client
from auth.keys.keyring import Keyring, new_private_pem
from auth.platform.clock import SystemClock
from auth.platform.database import Database, db
from auth.platform.logs import configure_logs
from auth.settings import MIGRATIONS, Settings

ISSUER = "https://suite.test/auth"


@dataclass(frozen=True)
class Person:
    username: str
    password: str
    email: str
    id: str

    @property
    def credentials(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}


@dataclass(frozen=True)
class Program:
    client_id: str
    secret: str


@pytest.fixture(scope="session")
def database_url(make_database: Callable[..., str]) -> str:
    return make_database("auth")


@pytest.fixture(scope="session")
def key_pems() -> dict[str, str]:
    """Two keys, as during a rotation; `key-2` signs."""
    return {"key-1": new_private_pem(), "key-2": new_private_pem()}


@pytest.fixture(scope="session")
def key_dir(tmp_path_factory: pytest.TempPathFactory, key_pems: dict[str, str]) -> Any:
    folder = tmp_path_factory.mktemp("keys")
    for kid, pem in key_pems.items():
        (folder / f"{kid}.pem").write_text(pem)
        # Long published: a younger key would not sign yet.
        os.utime(folder / f"{kid}.pem", (0, 0))
    return folder


@pytest.fixture(scope="session")
def settings(database_url: str, key_dir: Any) -> Settings:
    return Settings(
        database_url=database_url,
        token_issuer=ISSUER,
        signing_key_dir=key_dir,
        # All of these tests come from one address.
        registrations_per_minute=100_000,
        logins_per_minute=100_000,
        login_failures_free=100_000,
    )


@pytest.fixture(scope="session")
def operator_app(settings: Settings) -> Any:
    app = create_operator_app(settings)
    with app.app_context():
        upgrade(directory=str(MIGRATIONS))
    return app


@pytest.fixture(scope="session")
def app(settings: Settings, operator_app: Any) -> Iterator[OpenAPI]:
    configure_logs("CRITICAL")
    app = create_app(settings, Keyring.load(settings.signing_key_dir))
    yield app
    for each in (app, operator_app):
        with each.app_context():
            db.engine.dispose()


@pytest.fixture
def client(app: OpenAPI) -> Client:
    return app.test_client()


@pytest.fixture
def sql(app: OpenAPI) -> Callable[..., list[Any]]:
    """Runs one statement in a transaction of its own and gives its rows."""
    from sqlalchemy import text

    def run(statement: str, **values: Any) -> list[Any]:
        with app.app_context(), Database().begin() as session:
            result = session.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    return run


@pytest.fixture
def new_person(client: Client) -> Callable[[], Person]:
    def make() -> Person:
        username = f"user_{secrets.token_hex(5)}"
        body = {
            "username": username,
            "password": f"pw-{secrets.token_hex(6)}",
            "email": f"{username}@test.com",
        }
        answer = client.post("/api/v1/registration", json=body)
        assert answer.status_code == 201, answer.text
        return Person(**body, id=answer.get_json()["id"])

    return make


@pytest.fixture
def alice(new_person: Callable[[], Person]) -> Person:
    return new_person()


@pytest.fixture
def log_in(client: Client) -> Callable[[Person], str]:
    def token(person: Person) -> str:
        answer = client.post("/api/v1/login", json=person.credentials)
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["access_token"])

    return token


@pytest.fixture(scope="session")
def program(operator_app: Any) -> Program:
    """The admin's sync worker, as the launcher makes it."""
    made = Program("admin-sync", secrets.token_urlsafe(32))
    with operator_app.app_context():
        ensure_client(
            Database(),
            SystemClock(),
            client_id=made.client_id,
            secret=made.secret,
            scopes=["billing:changes", "auth:changes"],
        )
    return made


@pytest.fixture
def service_token(client: Client, program: Program) -> str:
    answer = client.post(
        "/api/v1/token",
        data={"grant_type": "client_credentials"},
        auth=(program.client_id, program.secret),
    )
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


@pytest.fixture
def bearer() -> Callable[[str], dict[str, str]]:
    return lambda token: {"Authorization": f"Bearer {token}"}


@pytest.fixture
def check_problem() -> Callable[..., dict[str, Any]]:
    """An error answer is a whole problem document with this status and this code."""

    def check(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
        assert answer.status_code == status, answer.text
        assert answer.content_type == "application/problem+json"
        document: dict[str, Any] = answer.get_json(force=True)
        assert document["status"] == status
        assert document["code"] == code
        assert document["type"] == f"urn:problem:{code}"
        assert document["title"]
        assert document["detail"]
        assert document["instance"] == f"urn:request:{answer.headers['X-Request-ID']}"
        return document

    return check


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
