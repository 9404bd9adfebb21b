"""The real server in a process of its own: gunicorn, signals, logs, and the operator's command."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from auth.cli import cli
from auth.platform.logs import configure_logs

AUTH = Path(sys.executable).with_name("auth")


@dataclass
class Running:
    process: subprocess.Popen[bytes]
    url: str
    output: Path


@pytest.fixture(scope="module")
def environment(
    make_database: Callable[..., str], key_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "AUTH_DATABASE_URL": make_database("authproc"),
        "AUTH_SIGNING_KEY_DIR": str(key_dir),
        "TOKEN_ISSUER": "https://suite.test/auth",
    }


@pytest.fixture(scope="module")
def command(environment: dict[str, str]) -> Callable[..., Result]:
    """The operator's command, in this process; the first test runs it in one of its own."""

    def run(*arguments: str, **more: str) -> Result:
        return CliRunner().invoke(cli, arguments, env=environment | more)

    return run


@pytest.fixture(autouse=True)
def quiet_again() -> Iterator[None]:
    """The roots under test configure logging on an output that ends with the test."""
    yield
    configure_logs("CRITICAL")


@pytest.fixture(scope="module")
def migrated(command: Any, environment: dict[str, str]) -> None:
    subprocess.run([AUTH, "migrate"], env=environment, timeout=60, check=True)
    again = command("migrate")
    assert again.exit_code == 0, again.output


@pytest.fixture
def server(
    environment: dict[str, str], migrated: None, unused_port: int, tmp_path: Path
) -> Iterator[Running]:
    output = tmp_path / "output"
    process = subprocess.Popen(
        [sys.executable, "-m", "auth.main"],
        env=environment | {"AUTH_PORT": str(unused_port)},
        stdout=output.open("w"),
        stderr=subprocess.STDOUT,
    )
    running = Running(process, f"http://127.0.0.1:{unused_port}", output)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{running.url}/health/ready").status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    yield running
    process.kill()
    process.wait()


def test_the_operator_makes_staff_and_programs_and_the_server_knows_them(
    command: Any, server: Running
) -> None:
    secret, password = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    staff = ["create-staff", "--username", "staff", "--email", "staff@suite.test"]
    for _ in range(2):
        done = command(*staff, "--role", "admin", STAFF_PASSWORD=password)
        assert done.exit_code == 0, done.output
    program = ["create-client", "--client-id", "admin-sync", "--scopes"]
    for _ in range(2):
        done = command(*program, "billing:changes auth:changes", CLIENT_SECRET=secret)
        assert done.exit_code == 0, done.output

    with httpx.Client(base_url=server.url) as client:
        login = client.post(
            "/api/v1/login", json={"username": "staff", "password": password}
        ).json()
        me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {login['access_token']}"})
        assert me.json()["roles"] == ["admin", "customer"]
        token = client.post(
            "/api/v1/token",
            data={"grant_type": "client_credentials"},
            auth=("admin-sync", secret),
        ).json()["access_token"]
        stop_during_a_long_poll(client, server, token)

    output = server.output.read_text()
    lines = [json.loads(line) for line in output.splitlines()]
    assert all(line["service"]["name"] == "auth" for line in lines)
    assert all({"@timestamp", "message", "log"} <= set(line) for line in lines)
    assert any(line.get("url", {}).get("path") == "/api/v1/login" for line in lines)
    assert any("trace" in line for line in lines)
    for private in (password, secret, login["access_token"], login["refresh_token"], token):
        assert private not in output


def stop_during_a_long_poll(client: httpx.Client, server: Running, token: str) -> None:
    """SIGTERM answers the waiting and ends well within the ten seconds of grace."""
    bearer = {"Authorization": f"Bearer {token}"}
    end = client.get("/api/v1/changes", headers=bearer).json()["next_after"]
    answers: list[httpx.Response] = []

    def wait() -> None:
        answers.append(
            httpx.get(
                f"{server.url}/api/v1/changes",
                params={"after": end, "wait": 30},
                headers=bearer,
                timeout=40,
            )
        )

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.7)
    begun = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    thread.join()
    assert server.process.wait(timeout=10) == 0
    assert time.monotonic() - begun < 8
    assert answers[0].json() == {"items": [], "next_after": end}


def test_reads_go_on_while_many_log_in(server: Running) -> None:
    """Hashing takes neither all threads nor the interpreter's lock."""
    body = {"username": "nobody_here", "password": "wrong-password"}
    statuses: list[int] = []

    def attempt() -> None:
        for _ in range(2):
            answer = httpx.post(f"{server.url}/api/v1/login", json=body, timeout=30)
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=attempt) for _ in range(24)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    with httpx.Client(base_url=server.url) as client:
        while any(thread.is_alive() for thread in threads):
            begun = time.monotonic()
            assert client.get("/.well-known/jwks.json").status_code == 200
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.02)
    assert set(statuses) <= {401, 429}
    assert 401 in statuses
    assert slowest < 2


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"AUTH_SIGNING_KEY_DIR": "/nowhere"}, "signing keys"),
        ({"TOKEN_ISSUER": ""}, "TOKEN_ISSUER"),
        ({"ENVIRONMENT": "production", "BASE_URL": "http://shop.ru"}, "BASE_URL"),
    ],
)
def test_without_what_it_needs_the_server_says_so_and_stops(
    environment: dict[str, str],
    changed: dict[str, str],
    named: str,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "auth.main"],
        env=os.environ | environment | changed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert named in json.loads(done.stdout)["error"]["message"]
    assert environment["AUTH_DATABASE_URL"] not in done.stdout + done.stderr


def test_the_command_refuses_without_printing_secrets(command: Any, migrated: None) -> None:
    staff = ["create-staff", "--username", "weak_one", "--email", "weak@suite.test"]
    assert command(*staff, STAFF_PASSWORD="").exit_code != 0
    weak = command(*staff, STAFF_PASSWORD="password123")
    assert weak.exit_code == 1
    assert "password123" not in weak.output
    short = command("create-client", "--client-id", "c-1", "--scopes", "a", CLIENT_SECRET="brief")
    assert short.exit_code == 1
    assert "brief" not in short.output


def test_the_description_is_printed_without_settings(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["openapi"], env={"VAR_DIR": str(tmp_path)})
    assert json.loads(done.output)["info"]["title"] == "Accounts and tokens"
