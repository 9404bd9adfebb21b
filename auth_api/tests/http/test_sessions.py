"""Refresh tokens rotate, reuse ends the session, and a log-out is heard at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask_openapi3.openapi import OpenAPI
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import Client, TestResponse

from auth.app import create_app
from auth.keys.keyring import Keyring
from auth.platform.clock import ManualClock, SystemClock
from auth.platform.database import db

HERE = {"User-Agent": "shop/1.0"}
THERE = {"User-Agent": "thief/6.6"}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SystemClock().now())


@pytest.fixture
def timed_app(settings: Any, operator_app: Any, clock: ManualClock) -> Iterator[OpenAPI]:
    """The application on a clock that a test moves; access tokens stay on real time."""
    app = create_app(settings, Keyring.load(settings.signing_key_dir), clock)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def timed(timed_app: OpenAPI) -> Client:
    return timed_app.test_client()


@pytest.fixture
def pair(timed: Client, alice: Any) -> dict[str, str]:
    answer = timed.post("/api/v1/login", json=alice.credentials, headers=HERE)
    found: dict[str, str] = answer.get_json()
    return found


def refresh(
    client: Client, token: str, headers: dict[str, str] = HERE, address: str = "127.0.0.1"
) -> TestResponse:
    return client.post(
        "/api/v1/refresh",
        json={"refresh_token": token},
        headers=headers,
        environ_base={"REMOTE_ADDR": address},
    )


def claims_of(client: Client, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


def test_a_refresh_gives_the_next_pair_of_the_same_session(
    timed: Client, pair: Any, bearer: Any
) -> None:
    answer = refresh(timed, pair["refresh_token"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    following = answer.get_json()
    assert set(following) == set(pair)
    assert following["refresh_token"] != pair["refresh_token"]
    before, after = (claims_of(timed, p["access_token"]) for p in (pair, following))
    assert before["sid"] == after["sid"]
    assert before["jti"] != after["jti"]
    assert timed.get("/api/v1/me", headers=bearer(following["access_token"])).status_code == 200
    assert refresh(timed, following["refresh_token"]).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 1000, "токен"])
def test_a_token_we_never_gave_out_is_refused(
    timed: Client, check_problem: Any, token: str
) -> None:
    check_problem(refresh(timed, token), 401, "invalid_refresh_token")


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 1}, []])
def test_a_body_without_a_token_is_422(timed: Client, check_problem: Any, body: Any) -> None:
    check_problem(timed.post("/api/v1/refresh", json=body), 422, "validation_error")


@pytest.mark.parametrize(
    ("headers", "address", "seconds"),
    [(THERE, "127.0.0.1", 1), (HERE, "192.0.2.9", 1), (HERE, "127.0.0.1", 11)],
)
def test_a_second_use_ends_the_session_for_everybody(
    timed: Client,
    pair: Any,
    clock: ManualClock,
    bearer: Any,
    check_problem: Any,
    sql: Any,
    alice: Any,
    headers: dict[str, str],
    address: str,
    seconds: int,
) -> None:
    following = refresh(timed, pair["refresh_token"]).get_json()
    clock.advance(timedelta(seconds=seconds))
    stolen = refresh(timed, pair["refresh_token"], headers, address)
    check_problem(stolen, 401, "invalid_refresh_token")
    check_problem(refresh(timed, following["refresh_token"]), 401, "invalid_refresh_token")
    me = timed.get("/api/v1/me", headers=bearer(following["access_token"]))
    check_problem(me, 401, "unauthorized")
    events = sql("SELECT event FROM audit_events WHERE account_id = :id", id=alice.id)
    assert ("refresh_reused",) in events


def test_the_same_client_may_repeat_within_the_grace(
    timed: Client, pair: Any, clock: ManualClock
) -> None:
    first = refresh(timed, pair["refresh_token"])
    clock.advance(timedelta(seconds=9))
    second = refresh(timed, pair["refresh_token"])
    assert (first.status_code, second.status_code) == (200, 200)
    tokens = {answer.get_json()["refresh_token"] for answer in (first, second)}
    assert len(tokens) == 2
    for token in tokens:
        assert refresh(timed, token).status_code == 200


def test_twenty_at_once_of_one_client_stay_one_session(
    timed_app: OpenAPI, pair: Any, sql: Any, alice: Any
) -> None:
    answers: list[int] = []
    ready = threading.Barrier(20)

    def attempt() -> None:
        client = timed_app.test_client()
        ready.wait()
        answers.append(refresh(client, pair["refresh_token"]).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
    assert sql(
        "SELECT count(*), count(DISTINCT family_id), count(used_at), count(revoked_at)"
        " FROM sessions WHERE account_id = :id",
        id=alice.id,
    ) == [(21, 1, 1, 0)]


def test_of_two_clients_at_once_at_most_one_lives_and_the_session_may_end(
    timed_app: OpenAPI, pair: Any, sql: Any, alice: Any
) -> None:
    """Whoever comes second is another client: the whole session ends, also under a race."""
    ready = threading.Barrier(8)
    answers: list[int] = []

    def attempt(headers: dict[str, str]) -> None:
        client = timed_app.test_client()
        ready.wait()
        answers.append(refresh(client, pair["refresh_token"], headers).status_code)

    threads = [threading.Thread(target=attempt, args=(headers,)) for headers in [HERE, THERE] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200, 401}
    assert sql(
        "SELECT count(*) FROM sessions WHERE account_id = :id AND revoked_at IS NULL", id=alice.id
    ) == [(0,)]


def test_a_session_ends_after_thirty_days(
    timed: Client, pair: Any, clock: ManualClock, check_problem: Any
) -> None:
    clock.advance(timedelta(days=30))
    check_problem(refresh(timed, pair["refresh_token"]), 401, "invalid_refresh_token")


def test_a_session_ends_after_ninety_days_however_often_it_is_refreshed(
    timed: Client, pair: Any, clock: ManualClock, check_problem: Any
) -> None:
    token = pair["refresh_token"]
    for _ in range(4):
        clock.advance(timedelta(days=20))
        answer = refresh(timed, token)
        assert answer.status_code == 200
        token = answer.get_json()["refresh_token"]
    clock.advance(timedelta(days=10))
    check_problem(refresh(timed, token), 401, "invalid_refresh_token")


def test_roles_are_read_anew_and_a_closed_account_gets_nothing(
    timed: Client, pair: Any, check_problem: Any, sql: Any, alice: Any
) -> None:
    sql(
        "INSERT INTO account_roles (account_id, role, granted_at) VALUES (:id, 'support', now())",
        id=alice.id,
    )
    following = refresh(timed, pair["refresh_token"]).get_json()
    claims = claims_of(timed, following["access_token"])
    assert claims["roles"] == ["customer", "support"]
    assert "payments:read_all" in claims["scope"].split()
    sql("UPDATE accounts SET is_active = false WHERE id = :id", id=alice.id)
    check_problem(refresh(timed, following["refresh_token"]), 401, "invalid_refresh_token")


def test_a_log_out_ends_this_session_and_no_other(
    client: Client, alice: Any, bearer: Any, check_problem: Any
) -> None:
    here, there = (
        client.post("/api/v1/login", json=alice.credentials).get_json() for _ in range(2)
    )
    answer = client.post("/api/v1/logout", headers=bearer(here["access_token"]))
    assert (answer.status_code, answer.data) == (204, b"")
    for _ in range(2):
        again = client.post("/api/v1/logout", headers=bearer(here["access_token"]))
        check_problem(again, 401, "unauthorized")
    check_problem(refresh(client, here["refresh_token"]), 401, "invalid_refresh_token")
    assert client.get("/api/v1/me", headers=bearer(there["access_token"])).status_code == 200
    assert refresh(client, there["refresh_token"]).status_code == 200


def test_a_log_out_everywhere_ends_all_of_the_account(
    client: Client, alice: Any, new_person: Callable[[], Any], bearer: Any, log_in: Any
) -> None:
    sessions = [client.post("/api/v1/login", json=alice.credentials).get_json() for _ in "abc"]
    bystander = log_in(new_person())
    answer = client.post(
        "/api/v1/logout", json={"everywhere": True}, headers=bearer(sessions[0]["access_token"])
    )
    assert answer.status_code == 204
    for each in sessions:
        assert refresh(client, each["refresh_token"]).status_code == 401
        assert client.get("/api/v1/me", headers=bearer(each["access_token"])).status_code == 401
    assert client.get("/api/v1/me", headers=bearer(bystander)).status_code == 200


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_body"),
        (b'{"everywhere": "yes"}', 422, "validation_error"),
        (b'{"all": true}', 422, "validation_error"),
    ],
)
def test_a_log_out_that_cannot_be_read_ends_nothing(
    client: Client, alice: Any, bearer: Any, log_in: Any, check_problem: Any,
    raw: bytes, status: int, code: str,
) -> None:  # fmt: skip
    token = log_in(alice)
    answer = client.post("/api/v1/logout", data=raw, headers=bearer(token))
    check_problem(answer, status, code)
    assert client.get("/api/v1/me", headers=bearer(token)).status_code == 200
