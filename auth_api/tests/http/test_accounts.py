"""Registration and /me, by the documented bodies and by every bad one."""

from __future__ import annotations

import json
from typing import Any

import pytest

GOOD = {"username": "fresh_name", "password": "newpassword1", "email": "fresh_name@test.com"}


def test_the_documented_journey(client: Any, bearer: Any) -> None:
    registration = client.post(
        "/api/v1/registration",
        data='{"username":"user_name","password":"newpassword1","email":"user_name@test.com"}',
    )
    assert registration.status_code == 201
    made = registration.get_json()
    assert set(made) == {"id", "username", "email", "created_at"}
    assert (made["username"], made["email"]) == ("user_name", "user_name@test.com")
    assert made["created_at"].endswith("Z")

    login = client.post("/api/v1/login", data='{"username":"user_name","password":"newpassword1"}')
    assert login.status_code == 200
    tokens = login.get_json()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert login.headers["Cache-Control"] == "no-store"

    me = client.get("/api/v1/me", headers=bearer(tokens["access_token"]))
    assert me.status_code == 200
    assert me.get_json() == {**made, "roles": ["customer"]}


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/json; charset=utf-8"]
)
def test_no_content_type_is_needed(client: Any, content_type: str | None) -> None:
    answer = client.post("/api/v1/registration", data=b"{}", content_type=content_type)
    assert answer.status_code == 422


def test_a_body_that_says_it_is_something_else_is_refused(client: Any, check_problem: Any) -> None:
    for content_type in ("application/xml", "multipart/form-data; boundary=x"):
        answer = client.post(
            "/api/v1/registration", data=json.dumps(GOOD), content_type=content_type
        )
        check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "ab"),
        ("username", "u" * 65),
        ("username", "with space"),
        ("username", "nul\0nul"),
        ("username", "\ud800abc"),
        ("username", None),
        ("username", 12345),
        ("username", ["fresh_name"]),
        ("email", "not-an-address"),
        ("email", "a@b@test.com"),
        ("email", "nul\0@test.com"),
        ("email", "a" * 250 + "@test.com"),
        ("email", None),
        ("email", {}),
        ("password", None),
        ("password", 12345678),
        ("password", True),
        ("password", "nul\0password"),
        ("password", "\udfff-surrogate"),
        ("password", "п" * 513),
        ("password", "x" * 1025),
    ],
)
def test_a_value_that_cannot_be_is_422_and_names_its_field(
    client: Any, check_problem: Any, field: str, value: object
) -> None:
    answer = client.post("/api/v1/registration", json={**GOOD, field: value})
    document = check_problem(answer, 422, "validation_error")
    assert [error["pointer"] for error in document["errors"]] == [f"/{field}"]
    assert "x" * 1025 not in answer.text


@pytest.mark.parametrize("password", ["", "1234567", "password123", "aaaaaaaa", "12345678"])
def test_a_short_or_common_password_is_422(client: Any, check_problem: Any, password: str) -> None:
    answer = client.post("/api/v1/registration", json={**GOOD, "password": password})
    document = check_problem(answer, 422, "weak_password")
    assert document["errors"][0]["pointer"] == "/password"


@pytest.mark.parametrize("missing", list(GOOD))
def test_a_missing_field_is_422(client: Any, check_problem: Any, missing: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != missing}
    answer = client.post("/api/v1/registration", json=body)
    document = check_problem(answer, 422, "validation_error")
    assert document["errors"][0]["pointer"] == f"/{missing}"


@pytest.mark.parametrize("extra", ["roles", "is_active", "id", "~odd/name"])
def test_an_unknown_field_is_422(client: Any, check_problem: Any, extra: str) -> None:
    answer = client.post("/api/v1/registration", json={**GOOD, extra: ["admin"]})
    document = check_problem(answer, 422, "validation_error")
    assert document["errors"][0]["pointer"] == "/" + extra.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("path", ["/api/v1/registration", "/api/v1/login"])
@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b'{"username": NaN}', b'{"a": Infinity}', b"[" * 20_000, b"\xff", b'{"a":1,"a":2}'],
)
def test_what_is_not_json_is_400(client: Any, check_problem: Any, path: str, raw: bytes) -> None:
    check_problem(client.post(path, data=raw), 400, "malformed_body")


@pytest.mark.parametrize("raw", ["[]", "null", "1", '"{}"', '"{\\"username\\":\\"user_name\\"}"'])
def test_json_that_is_no_object_is_422(client: Any, check_problem: Any, raw: str) -> None:
    check_problem(client.post("/api/v1/registration", data=raw), 422, "validation_error")


@pytest.mark.parametrize("path", ["/api/v1/registration", "/api/v1/login", "/api/v1/token"])
def test_a_body_of_100_kb_is_413(client: Any, check_problem: Any, path: str) -> None:
    form = "application/x-www-form-urlencoded"
    raw = b'{"username": "' + b"x" * 100_000 + b'"}'
    check_problem(client.post(path, data=raw, content_type=form), 413, "body_too_large")


def test_a_taken_name_or_address_is_409_whatever_its_case(
    client: Any, check_problem: Any, alice: Any
) -> None:
    same_name = {**GOOD, "username": alice.username.upper()}
    check_problem(client.post("/api/v1/registration", json=same_name), 409, "username_taken")
    same_email = {**GOOD, "email": alice.email.upper()}
    check_problem(client.post("/api/v1/registration", json=same_email), 409, "email_taken")


def test_none_of_the_refused_made_an_account(client: Any, sql: Any) -> None:
    assert sql("SELECT count(*) FROM accounts WHERE username_folded = 'fresh_name'") == [(0,)]


def test_a_closed_account_has_no_me_and_no_log_in(
    client: Any, check_problem: Any, alice: Any, log_in: Any, bearer: Any, sql: Any
) -> None:
    token = log_in(alice)
    sql("UPDATE accounts SET is_active = false WHERE id = :id", id=alice.id)
    check_problem(client.get("/api/v1/me", headers=bearer(token)), 401, "unauthorized")
    answer = client.post("/api/v1/login", json=alice.credentials)
    check_problem(answer, 401, "invalid_credentials")


def test_a_program_has_no_me(
    client: Any, check_problem: Any, service_token: str, bearer: Any
) -> None:
    check_problem(client.get("/api/v1/me", headers=bearer(service_token)), 403, "forbidden")
