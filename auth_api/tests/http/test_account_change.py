"""Changing a password or an address, and the history of what happened to an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client

PATH = "/api/v1/auth_change"


@pytest.fixture
def change(client: Client, alice: Any, log_in: Any, bearer: Any) -> Callable[..., Any]:
    """Changes alice's account with a token of a session of its own."""
    token = log_in(alice)

    def put(**body: Any) -> Any:
        given = {"current_password": alice.password, **body}
        return client.put(PATH, json=given, headers=bearer(token))

    put.token = token  # type: ignore[attr-defined]
    return put


def test_a_new_password_works_the_old_one_does_not_and_other_sessions_end(
    client: Client, alice: Any, change: Any, bearer: Any, sql: Any
) -> None:
    other = client.post("/api/v1/login", json=alice.credentials).get_json()
    answer = change(new_password="another-password-7")
    assert answer.status_code == 200
    assert answer.get_json()["username"] == alice.username
    assert client.post("/api/v1/login", json=alice.credentials).status_code == 401
    fresh = {**alice.credentials, "password": "another-password-7"}
    assert client.post("/api/v1/login", json=fresh).status_code == 200
    assert client.get("/api/v1/me", headers=bearer(change.token)).status_code == 200
    assert client.get("/api/v1/me", headers=bearer(other["access_token"])).status_code == 401
    gone = client.post("/api/v1/refresh", json={"refresh_token": other["refresh_token"]})
    assert gone.status_code == 401
    # Nobody outside auth sees a password change: the feed has the registration alone.
    assert sql("SELECT count(*) FROM changes WHERE object_id = :id", id=alice.id) == [(1,)]


def test_a_new_address_is_told_to_the_feed_with_the_next_version(
    alice: Any, change: Any, sql: Any
) -> None:
    answer = change(email="Moved@Test.com")
    assert answer.get_json()["email"] == "Moved@test.com"
    changes = sql(
        "SELECT version, data FROM changes WHERE object_id = :id ORDER BY seq", id=alice.id
    )
    assert [(row.version, row.data["email"]) for row in changes] == [
        (1, alice.email),
        (2, "Moved@test.com"),
    ]
    assert change(email="Moved@test.com").status_code == 200
    assert sql("SELECT count(*) FROM changes WHERE object_id = :id", id=alice.id) == [(2,)]


def test_without_the_current_password_nothing_changes_and_nobody_is_logged_out(
    client: Client, alice: Any, change: Any, bearer: Any, check_problem: Any
) -> None:
    answer = change(current_password="not-this-one", new_password="another-password-7")
    check_problem(answer, 403, "wrong_password")
    assert client.get("/api/v1/me", headers=bearer(change.token)).status_code == 200
    assert client.post("/api/v1/login", json=alice.credentials).status_code == 200


def test_an_address_of_another_is_409_and_nothing_of_the_change_is_kept(
    client: Client, alice: Any, change: Any, check_problem: Any, new_person: Any
) -> None:
    other = new_person()
    answer = change(email=other.email.upper(), new_password="another-password-7")
    check_problem(answer, 409, "email_taken")
    assert client.post("/api/v1/login", json=alice.credentials).status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "validation_error", ""),
        ({"new_password": "1234567"}, "weak_password", "/new_password"),
        ({"new_password": "password123"}, "weak_password", "/new_password"),
        ({"new_password": 12345678}, "validation_error", "/new_password"),
        ({"email": "no-address"}, "validation_error", "/email"),
        ({"email": "a@test.com", "roles": ["admin"]}, "validation_error", "/roles"),
        ({"current_password": None, "email": "a@test.com"}, "validation_error",
         "/current_password"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_422(
    change: Any, check_problem: Any, body: dict[str, Any], code: str, pointer: str
) -> None:
    problem = check_problem(change(**body), 422, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_the_history_is_newest_first_and_pages_join(
    client: Client, alice: Any, change: Any, bearer: Any
) -> None:
    client.post("/api/v1/login", json={**alice.credentials, "password": "wrong-password"})
    change(new_password="another-password-7")
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = client.get(
            f"/api/v1/auth_history?limit=2&cursor={cursor}", headers=bearer(change.token)
        )
        page = answer.get_json()
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert [item["event"] for item in seen] == [
        "password_set",
        "login_failed",
        "login_ok",
        "registered",
    ]
    assert set(seen[0]) == {"id", "at", "event", "address", "user_agent"}
    assert seen[0]["address"] == "127.0.0.1"
    assert seen[0]["user_agent"].startswith("Werkzeug/")
    assert seen == sorted(seen, key=lambda item: item["at"], reverse=True)


def test_a_person_sees_only_their_own_history(
    client: Client, change: Any, bearer: Any, new_person: Any, log_in: Any
) -> None:
    mine = client.get("/api/v1/auth_history", headers=bearer(change.token)).get_json()["items"]
    other = client.get("/api/v1/auth_history", headers=bearer(log_in(new_person()))).get_json()
    assert not {item["id"] for item in mine} & {item["id"] for item in other["items"]}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1_0", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=00000000-0000-0000-0000-000000000000", "cursor"),
        ("cursor=%00", "cursor"),
    ],
)
def test_a_query_that_cannot_be_is_422(
    client: Client, change: Any, bearer: Any, check_problem: Any, query: str, pointer: str
) -> None:
    answer = client.get(f"/api/v1/auth_history?{query}", headers=bearer(change.token))
    problem = check_problem(answer, 422, "validation_error")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_user_agent_is_kept_short_and_printable(client: Client, alice: Any, sql: Any) -> None:
    headers = {"User-Agent": "x\t" + "y" * 1000}
    client.post("/api/v1/login", json=alice.credentials, headers=headers)
    [(kept,)] = sql(
        "SELECT user_agent FROM audit_events WHERE account_id = :id AND event = 'login_ok'",
        id=alice.id,
    )
    assert kept == "x" + "y" * 255
