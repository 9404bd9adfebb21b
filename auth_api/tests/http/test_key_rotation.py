"""A rotation: published first, signing later, the old key proving tokens until the last is dead."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask_openapi3.openapi import OpenAPI

from auth.app import create_app
from auth.flows.rotate_keys import rotate_keys
from auth.keys import keyring
from auth.keys.keyring import Keyring
from auth.keys.rules import PUBLISH_SECONDS, outlived_kids, signing_kid
from auth.platform.clock import ManualClock, SystemClock
from auth.platform.database import db

LIFE = 900


@pytest.fixture
def folder(key_dir: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "keys"
    shutil.copytree(key_dir, copied)
    return copied


@pytest.fixture
def running(settings: Any, operator_app: Any, folder: Path) -> Iterator[OpenAPI]:
    app = create_app(settings, Keyring.load(folder))
    yield app
    with app.app_context():
        db.engine.dispose()


def let_it_look() -> None:
    time.sleep(keyring.LOOK_SECONDS + 0.2)


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def test_a_new_key_is_published_at_once_and_signs_after_the_caches_know_it(
    running: OpenAPI, folder: Path, alice: Any, bearer: Any
) -> None:
    client = running.test_client()

    def log_in() -> str:
        return str(client.post("/api/v1/login", json=alice.credentials).get_json()["access_token"])

    old = log_in()
    done = rotate_keys(folder, SystemClock(), token_seconds=LIFE)
    let_it_look()
    published = client.get("/.well-known/jwks.json")
    assert done.added in {key["kid"] for key in published.get_json()["keys"]}
    assert published.headers["Cache-Control"] == f"public, max-age={PUBLISH_SECONDS}"
    assert kid_of(log_in()) == kid_of(old) == "key-2"

    path = folder / f"{done.added}.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    past = time.time() - PUBLISH_SECONDS - 1
    os.utime(path, (past, past))
    let_it_look()
    fresh = log_in()
    assert kid_of(fresh) == done.added
    for token in (old, fresh):
        assert client.get("/api/v1/me", headers=bearer(token)).status_code == 200


def test_a_retired_key_proves_nothing_once_its_last_token_is_dead_though_its_file_is_there(
    settings: Any, operator_app: Any, folder: Path, alice: Any, bearer: Any
) -> None:
    app = create_app(settings, Keyring.load(folder, token_seconds=LIFE))
    client = app.test_client()
    old = client.post("/api/v1/login", json=alice.credentials).get_json()["access_token"]
    assert kid_of(old) == "key-2"

    def publish(age: float) -> dict[str, Any]:
        path = folder / "next.pem"
        path.write_text(path.read_text() if path.exists() else keyring.new_private_pem())
        os.utime(path, (time.time() - age, time.time() - age))
        let_it_look()
        return {key["kid"] for key in client.get("/.well-known/jwks.json").get_json()["keys"]}

    assert publish(PUBLISH_SECONDS + LIFE - 30) == {"key-2", "next"}
    assert client.get("/api/v1/me", headers=bearer(old)).status_code == 200
    assert publish(PUBLISH_SECONDS + LIFE + 1) == {"next"}
    assert client.get("/api/v1/me", headers=bearer(old)).status_code == 401
    with app.app_context():
        db.engine.dispose()


@pytest.mark.timeout(60)
def test_a_rotation_killed_at_any_moment_leaves_whole_keys_and_the_next_one_cleans_up(
    settings: Any, folder: Path
) -> None:
    environment = {
        **os.environ,
        "AUTH_DATABASE_URL": settings.database_url,
        "TOKEN_ISSUER": settings.token_issuer,
        "AUTH_SIGNING_KEY_DIR": str(folder),
    }
    # Killed between the write and the rename: what a process leaves that dies there.
    (folder / ".half.new").write_text("-----BEGIN PRIVATE")
    command = (
        "import sys; from pathlib import Path; from auth.flows.rotate_keys import rotate_keys;"
        "from auth.platform.clock import SystemClock\n"
        "print('go', flush=True)\n"
        "while True: rotate_keys(Path(sys.argv[1]), SystemClock(), token_seconds=900)"
    )
    for delay in (0.0, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02):
        process = subprocess.Popen(
            [sys.executable, "-c", command, str(folder)], env=environment, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        Keyring.load(folder)
    rotate_keys(folder, SystemClock(), token_seconds=LIFE)
    assert list(folder.glob(".*")) == []
    made = [path for path in folder.glob("*.pem") if not path.stem.startswith("key-")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


@pytest.mark.parametrize("garbage", [b"half a key", b"\xff\xfe\x00", b""])
def test_a_folder_that_cannot_be_read_leaves_the_keys_in_memory(
    running: OpenAPI, folder: Path, alice: Any, garbage: bytes
) -> None:
    client = running.test_client()
    (folder / "key-3.pem").write_bytes(garbage)
    let_it_look()
    assert client.post("/api/v1/login", json=alice.credentials).status_code == 200
    assert len(client.get("/.well-known/jwks.json").get_json()["keys"]) == 2


def test_an_old_key_goes_when_its_last_token_is_dead_and_not_before(folder: Path) -> None:
    clock = ManualClock(SystemClock().now())

    def rotate() -> tuple[str, list[str]]:
        done = rotate_keys(folder, clock, token_seconds=LIFE)
        at = clock.now().timestamp()
        os.utime(folder / f"{done.added}.pem", (at, at))
        return done.added, done.removed

    # Both keys of the folder were published long ago, so the first is dead already.
    first, removed = rotate()
    assert removed == ["key-1"]
    clock.advance(timedelta(seconds=PUBLISH_SECONDS + LIFE))
    _second, removed = rotate()
    assert removed == []
    clock.advance(timedelta(seconds=120))
    _third, removed = rotate()
    assert removed == ["key-2"]
    clock.advance(timedelta(seconds=PUBLISH_SECONDS + LIFE))
    _fourth, removed = rotate()
    assert removed == [first]


def test_where_no_key_is_known_to_all_the_oldest_signs() -> None:
    assert signing_kid({"a": 1000.0, "b": 1001.0}, now=1002.0) == "a"
    assert signing_kid({"a": 0.0, "b": 1001.0}, now=1002.0) == "a"
    assert signing_kid({"a": 0.0, "b": 1001.0}, now=1001.0 + PUBLISH_SECONDS) == "b"
    assert outlived_kids({"a": 0.0}, now=1e9, token_seconds=LIFE) == []


def test_the_command_says_what_it_did(
    settings: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from auth.cli import cli

    environment = {
        "AUTH_DATABASE_URL": settings.database_url,
        "TOKEN_ISSUER": settings.token_issuer,
        "AUTH_SIGNING_KEY_DIR": str(folder),
    }
    done = CliRunner().invoke(cli, ["rotate-keys"], env=environment)
    assert done.exit_code == 0
    assert "is published and signs in 300 s" in done.output
    assert "key-1 is removed" in done.output
    empty = CliRunner().invoke(
        cli, ["rotate-keys"], env={**environment, "AUTH_SIGNING_KEY_DIR": str(folder / "none")}
    )
    assert empty.exit_code == 1
