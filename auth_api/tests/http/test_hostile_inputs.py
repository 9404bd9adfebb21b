"""What a hostile caller puts where nobody expects it: never an internal error."""

from __future__ import annotations

import base64
import secrets
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from auth.platform.clock import SystemClock
from auth.platform.database import db
from auth.roles.store import grant_role

GRANT = "INSERT INTO account_roles (account_id, role, granted_at) VALUES (:id, 'admin', now())"


@pytest.fixture
def admin_token(new_person: Any, sql: Any, log_in: Any) -> str:
    person = new_person()
    sql(GRANT, id=person.id)
    return str(log_in(person))


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 5000,
        b'{"a":' * 1200,
        b'{"alg": ["ES256"], "kid": "key-2", "typ": "at+jwt"}',
        b'{"alg": {"a": 1}, "kid": "key-2"}',
        b'{"alg": "ES256", "kid": {"a": 1}}',
        b'{"alg": "ES256", "kid": "key-2", "crit": ["b64"], "b64": false}',
        b'{"alg": "ES256", "kid": "\\ud800", "typ": "at+jwt"}',
        b'{"alg": "ES256", "kid": "\\u0000", "typ": "at+jwt"}',
        b'{"alg": 1e999, "kid": "key-2"}',
        b"1" * 5000,
        b"null",
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("payload", [b"{}", b"[" * 500])
def test_a_header_made_to_break_its_reader_is_401(
    client: Any, check_problem: Any, header: bytes, payload: bytes
) -> None:
    token = f"{_segment(header)}.{_segment(payload)}.{_segment(bytes(64))}"
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    check_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80", "x" * 2000])
def test_a_role_no_database_could_hold_is_not_found(
    client: Any, admin_token: str, alice: Any, bearer: Any, check_problem: Any, name: str
) -> None:
    headers = bearer(admin_token)
    for method in ("GET", "DELETE"):
        answer = client.open(f"/api/v1/roles/{name}", method=method, headers=headers)
        check_problem(answer, 404, "role_not_found")
    answer = client.put(f"/api/v1/roles/{name}", json={"scopes": []}, headers=headers)
    check_problem(answer, 404, "role_not_found")
    query = f"account_id={alice.id}&role={name}"
    check_problem(
        client.delete(f"/api/v1/user-roles?{query}", headers=headers), 404, "role_not_found"
    )


@pytest.mark.parametrize("name", ["%00", "%ED%A0%80", "x" * 2000])
def test_a_name_no_account_can_have_is_not_found(
    client: Any, admin_token: str, bearer: Any, check_problem: Any, name: str
) -> None:
    answer = client.get(f"/api/v1/user-roles?username={name}", headers=bearer(admin_token))
    check_problem(answer, 404, "account_not_found")


def test_who_is_no_administrator_any_more_cannot_become_one_again_with_the_token_of_before(
    client: Any, new_person: Any, sql: Any, log_in: Any, bearer: Any, check_problem: Any
) -> None:
    boss, former = new_person(), new_person()
    for each in (boss, former):
        sql(GRANT, id=each.id)
    headers, stale = bearer(log_in(boss)), bearer(log_in(former))
    assert client.get("/api/v1/roles", headers=stale).status_code == 200
    query = f"account_id={former.id}&role=admin"
    assert client.delete(f"/api/v1/user-roles?{query}", headers=headers).status_code == 204
    again = client.post(
        "/api/v1/user-roles", json={"account_id": former.id, "role": "admin"}, headers=stale
    )
    check_problem(again, 403, "forbidden")
    check_problem(client.get("/api/v1/roles", headers=stale), 403, "forbidden")


def test_registrations_do_not_wait_for_each_other(app: Any, client: Any, alice: Any) -> None:
    """A transaction that gives a role and stays open holds nobody up who gives the same role."""
    with app.app_context(), db.engine.connect() as slow:
        session = Session(bind=slow)
        grant_role(session, UUID(alice.id), "customer", now=SystemClock().now())
        name = f"user_{secrets.token_hex(5)}"
        body = {"username": name, "password": "newpassword1", "email": f"{name}@test.com"}
        assert client.post("/api/v1/registration", json=body).status_code == 201
        session.rollback()
