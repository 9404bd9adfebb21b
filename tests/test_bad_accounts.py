"""Registrations and log-ins that cannot be, refused without a hint to guessers."""

import pytest

NEW = {"username": "somebody", "password": "newpassword1", "email": "somebody@test.com"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "seven77"}, 422),
        ({"password": "password123"}, 422),
        ({"password": "aaaaaaaa"}, 422),
        ({"password": None}, 422),
        ({"password": "newpass\x00word1"}, 422),
        ({"username": ""}, 422),
        ({"username": "a\x00b"}, 422),
        ({"username": 5}, 422),
        ({"email": "nobody"}, 422),
        ({"email": ""}, 422),
        ({"role": "admin"}, 422),
        ({"roles": ["admin"]}, 422),
    ],
)
def test_a_bad_registration_is_refused(suite, changes, status, check_problem):
    with suite.client() as http:
        check_problem(http.post("/auth/api/v1/registration", json={**NEW, **changes}), status)


@pytest.mark.parametrize("body", [b"{", b"[" * 20_000, b"\xff", b""])
def test_a_body_that_is_not_json_is_malformed_for_auth_too(suite, body, check_problem):
    headers = {"Content-Type": "application/json"}
    with suite.client() as http:
        for path in ("/auth/api/v1/registration", "/auth/api/v1/login"):
            check_problem(http.post(path, content=body, headers=headers), 400)


def test_a_taken_name_or_e_mail_is_a_conflict(suite, alice, check_problem):
    with suite.client() as http:
        taken = {**NEW, "username": alice.name}
        check_problem(http.post("/auth/api/v1/registration", json=taken), 409)
        taken = {**NEW, "email": alice.account["email"]}
        check_problem(http.post("/auth/api/v1/registration", json=taken), 409)


def test_a_wrong_password_and_an_unknown_name_look_the_same(suite, alice, check_problem):
    with suite.client() as http:
        wrong = http.post(
            "/auth/api/v1/login", json={"username": alice.name, "password": "wrongpassword"}
        )
        unknown = http.post(
            "/auth/api/v1/login", json={"username": "no-such-name", "password": "wrongpassword"}
        )
    for answer in (wrong, unknown):
        check_problem(answer, 401)
    same = ("type", "title", "status", "detail", "code")
    assert [wrong.json()[key] for key in same] == [unknown.json()[key] for key in same]
