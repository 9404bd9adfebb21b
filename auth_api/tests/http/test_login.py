"""Logging in: one answer for every wrong pair, and a token that carries what it should."""

from __future__ import annotations

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet


def test_a_wrong_name_and_a_wrong_password_get_one_answer(
    client: Any, check_problem: Any, alice: Any
) -> None:
    bodies = [
        {"username": alice.username, "password": "wrong-password"},
        {"username": "no_such_person", "password": alice.password},
        {"username": "", "password": ""},
        {"username": "имя и пробел", "password": "wrong-password"},
    ]
    answers = [
        check_problem(client.post("/api/v1/login", json=body), 401, "invalid_credentials")
        for body in bodies
    ]
    for answer in answers:
        answer.pop("instance")
    assert all(answer == answers[0] for answer in answers)


def test_a_wrong_name_takes_as_long_as_a_wrong_password(client: Any, alice: Any) -> None:
    def median(username: str) -> float:
        times = []
        for _ in range(7):
            begun = time.perf_counter()
            client.post("/api/v1/login", json={"username": username, "password": "wrong-one"})
            times.append(time.perf_counter() - begun)
        return sorted(times)[3]

    assert 0.3 < median("no_such_person") / median(alice.username) < 3


def test_the_name_may_be_typed_in_any_case(client: Any, alice: Any) -> None:
    body = {"username": alice.username.upper(), "password": alice.password}
    assert client.post("/api/v1/login", json=body).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "user_name"},
        {"username": "user_name", "password": None},
        {"username": ["user_name"], "password": "newpassword1"},
        {"username": "user_name", "password": "newpassword1", "remember": True},
        {"username": "nul\0", "password": "newpassword1"},
        {"username": "user_name", "password": "\ud800"},
        {"username": "user_name", "password": "x" * 1025},
    ],
)
def test_a_body_that_cannot_be_is_422(
    client: Any, check_problem: Any, body: dict[str, Any]
) -> None:
    check_problem(client.post("/api/v1/login", json=body), 422, "validation_error")


def test_the_published_keys_verify_the_token_and_its_claims(
    client: Any, alice: Any, log_in: Any
) -> None:
    published = client.get("/.well-known/jwks.json")
    assert published.headers["Cache-Control"] == "public, max-age=300"
    token = jwt.decode(
        log_in(alice), KeySet.import_key_set(published.get_json()), algorithms=["ES256"]
    )
    assert token.header == {"alg": "ES256", "kid": "key-2", "typ": "at+jwt"}
    claims = token.claims
    assert claims["iss"] == "https://suite.test/auth"
    assert claims["aud"] == ["auth", "billing"]
    assert claims["sub"] == alice.id
    assert claims["username"] == alice.username
    assert claims["type"] == "access"
    assert claims["roles"] == ["customer"]
    assert claims["scope"] == "balance:read payments:read payments:write"
    assert claims["exp"] - claims["iat"] == 900
    assert claims["nbf"] == claims["iat"]
    assert claims["jti"]
    assert "client_id" not in claims


def test_every_log_in_has_a_refresh_token_of_its_own(client: Any, alice: Any) -> None:
    tokens = {
        client.post("/api/v1/login", json=alice.credentials).get_json()["refresh_token"]
        for _ in range(3)
    }
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)
