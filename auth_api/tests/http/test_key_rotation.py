"""A rotation: published first, signing later, the old key proving tokens until the last is dead."""

from __future__ import annotations

import os
import shutil
import stat
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


def test_a_folder_that_cannot_be_read_leaves_the_keys_in_memory(
    running: OpenAPI, folder: Path, alice: Any
) -> None:
    client = running.test_client()
    (folder / "key-3.pem").write_text("half a key")
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
