"""Sessions that are over do not pile up."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from auth.app import create_app
from auth.keys.keyring import Keyring
from auth.platform.clock import ManualClock, SystemClock
from auth.platform.database import db


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
def timed(settings: Any, operator_app: Any, clock: ManualClock) -> Iterator[Client]:
    """The application on a clock that a test moves; access tokens stay on real time."""
    app = create_app(settings, Keyring.load(settings.signing_key_dir), clock)
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


def rows(sql: Any, person: Any) -> int:
    [(count,)] = sql("SELECT count(*) FROM sessions WHERE account_id = :id", id=person.id)
    return int(count)


def tidy_up(timed: Client, person: Any) -> None:
    """The first try of a source in a minute removes what is over; it fails, so it adds nothing."""
    source = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    wrong = {"username": person.username, "password": "wrong-password"}
    answer = timed.post("/api/v1/login", json=wrong, environ_base={"REMOTE_ADDR": source})
    assert answer.status_code == 401


def log_in(timed: Client, person: Any) -> dict[str, str]:
    pair: dict[str, str] = timed.post("/api/v1/login", json=person.credentials).get_json()
    return pair


def test_a_session_that_was_ended_is_removed_a_day_later(
    timed: Client, alice: Any, clock: ManualClock, sql: Any, bearer: Any
) -> None:
    ended, _living = log_in(timed, alice), log_in(timed, alice)
    headers = bearer(ended["access_token"])
    assert timed.post("/api/v1/logout", json={}, headers=headers).status_code == 204
    clock.advance(timedelta(hours=23))
    tidy_up(timed, alice)
    assert rows(sql, alice) == 2
    clock.advance(timedelta(hours=2))
    tidy_up(timed, alice)
    assert rows(sql, alice) == 1
    answer = timed.post("/api/v1/refresh", json={"refresh_token": ended["refresh_token"]})
    assert answer.status_code == 401


def test_a_session_that_ran_out_is_removed_and_one_that_is_refreshed_stays_whole(
    timed: Client, alice: Any, clock: ManualClock, sql: Any
) -> None:
    def refresh(token: str) -> Any:
        return timed.post("/api/v1/refresh", json={"refresh_token": token})

    first = log_in(timed, alice)["refresh_token"]
    clock.advance(timedelta(days=28))
    second = refresh(first).get_json()["refresh_token"]
    # The first token of the session has run out by now, the session has not.
    clock.advance(timedelta(days=20))
    tidy_up(timed, alice)
    assert rows(sql, alice) == 2
    assert refresh(second).status_code == 200
    clock.advance(timedelta(days=32))
    tidy_up(timed, alice)
    assert rows(sql, alice) == 0
