"""Tries are counted in the database: per source in a sliding minute, per name after failures."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from auth.app import create_app
from auth.keys.keyring import Keyring
from auth.platform.clock import ManualClock
from auth.platform.database import db
from auth.platform.problems import TooManyRequests
from auth.settings import Settings
from auth.throttle.rules import check_rate, source_of

# A minute's first second, so that windows begin where the tests begin.
START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def limited(settings: Settings, operator_app: Any, clock: ManualClock) -> Iterator[Client]:
    """The application with the limits as they are when nobody has set them."""
    fields = ("registrations_per_minute", "logins_per_minute", "login_failures_free")
    usual = {name: Settings.model_fields[name].default for name in fields}
    app = create_app(settings.model_copy(update=usual), Keyring.throwaway(), clock)
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def source() -> str:
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def post(client: Client, path: str, body: dict[str, Any], source: str) -> TestResponse:
    return client.post(f"/api/v1/{path}", json=body, environ_base={"REMOTE_ADDR": source})


def login(client: Client, person: Any, source: str, password: str | None = None) -> TestResponse:
    body = {"username": person.username, "password": password or person.password}
    return post(client, "login", body, source)


def test_the_sixty_first_registration_of_a_source_waits(
    limited: Client, check_problem: Any, source: str, sql: Any, clock: ManualClock
) -> None:
    body = {"username": "taken_twice", "password": "newpassword1", "email": "t@test.com"}
    answers = [post(limited, "registration", body, source).status_code for _ in range(60)]
    assert set(answers) <= {201, 409}
    refused = post(limited, "registration", body, source)
    check_problem(refused, 429, "too_many_requests")
    assert refused.headers["Retry-After"] == "60"
    assert post(limited, "registration", body, f"{source}0").status_code == 409
    clock.advance(timedelta(seconds=90))
    # Half of the minute before still counts, the refused one with it: 29 are free again.
    answers = [post(limited, "registration", body, source).status_code for _ in range(31)]
    assert answers == [409] * 29 + [429] * 2


def test_the_hundred_and_twenty_first_log_in_of_a_source_waits(
    limited: Client, check_problem: Any, source: str
) -> None:
    names = [f"nobody_{number}" for number in range(121)]
    answers = [
        post(limited, "login", {"username": name, "password": "wrong-password"}, source)
        for name in names
    ]
    assert {answer.status_code for answer in answers[:120]} == {401}
    check_problem(answers[120], 429, "too_many_requests")


def test_refreshes_are_counted_apart(limited: Client, check_problem: Any, source: str) -> None:
    body = {"refresh_token": "nonsense"}
    for _ in range(120):
        assert post(limited, "refresh", body, source).status_code == 401
    check_problem(post(limited, "refresh", body, source), 429, "too_many_requests")
    wrong = {"username": "nobody", "password": "wrong-password"}
    assert post(limited, "login", wrong, source).status_code == 401


def test_failures_in_a_row_cost_a_growing_pause_that_ends_by_itself(
    limited: Client, alice: Any, clock: ManualClock, check_problem: Any
) -> None:
    sources = (f"192.0.2.{number}" for number in range(250))
    for _ in range(5):
        assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    pauses = []
    for _ in range(9):
        refused = login(limited, alice, next(sources), "wrong-password")
        check_problem(refused, 429, "too_many_requests")
        pauses.append(int(refused.headers["Retry-After"]))
        clock.advance(timedelta(seconds=pauses[-1]))
        assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    clock.advance(timedelta(seconds=60))
    assert login(limited, alice, next(sources)).status_code == 200
    # A success forgives: the next failures are free again.
    assert login(limited, alice, next(sources), "wrong-password").status_code == 401
    assert login(limited, alice, next(sources), "wrong-password").status_code == 401


def test_a_name_that_does_not_exist_pauses_as_one_that_does(
    limited: Client, check_problem: Any, source: str
) -> None:
    body = {"username": f"no_{secrets.token_hex(6)}", "password": "wrong-password"}
    for _ in range(5):
        assert post(limited, "login", body, source).status_code == 401
    check_problem(post(limited, "login", body, source), 429, "too_many_requests")


def test_a_stranger_cannot_keep_the_owner_out(
    limited: Client, alice: Any, check_problem: Any, source: str
) -> None:
    assert login(limited, alice, source).status_code == 200
    for _ in range(5):
        login(limited, alice, "198.51.100.7", "wrong-password")
    check_problem(login(limited, alice, "198.51.100.7"), 429, "too_many_requests")
    assert login(limited, alice, source).status_code == 200


def test_guesses_at_the_current_password_are_counted_with_the_log_ins(
    limited: Client, alice: Any, bearer: Any, check_problem: Any, source: str
) -> None:
    token = login(limited, alice, source).get_json()["access_token"]
    body = {"current_password": "wrong-password", "email": "new@test.com"}

    def change() -> TestResponse:
        return limited.put("/api/v1/auth_change", json=body, headers=bearer(token))

    for _ in range(5):
        check_problem(change(), 403, "wrong_password")
    check_problem(change(), 429, "too_many_requests")


def test_old_counters_are_forgotten(
    limited: Client, sql: Callable[..., list[Any]], clock: ManualClock, source: str
) -> None:
    wrong = {"username": "nobody", "password": "wrong-password"}
    post(limited, "login", wrong, source)
    clock.advance(timedelta(minutes=5))
    post(limited, "login", wrong, f"{source}1")
    assert sql("SELECT count(*) FROM tries WHERE subject = :source", source=source) == [(0,)]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_a_source_is_an_address_or_a_network_of_one_customer(
    address: str | None, source: str
) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize(
    ("hits", "before", "second", "allowed"),
    [(60, 0, 0, True), (61, 0, 59, False), (1, 60, 0, False), (1, 60, 1, True), (30, 60, 30, True)],
)
def test_the_window_slides(hits: int, before: int, second: int, allowed: bool) -> None:
    moment = START + timedelta(seconds=second)
    if allowed:
        check_rate(hits, before, 60, moment)
    else:
        with pytest.raises(TooManyRequests):
            check_rate(hits, before, 60, moment)
