"""Roles: the built-in four stay, others are made of known scopes, the last administrator stays."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import Client

from auth.platform.ids import new_id

GRANT = "INSERT INTO account_roles (account_id, role, granted_at) VALUES (:id, 'admin', now())"


@pytest.fixture
def admin(sql: Any) -> Callable[[Any], None]:
    return lambda person: sql(GRANT, id=person.id)


@pytest.fixture
def boss(alice: Any, admin: Any, log_in: Any, bearer: Any) -> dict[str, str]:
    """Headers of an administrator."""
    admin(alice)
    headers: dict[str, str] = bearer(log_in(alice))
    return headers


@pytest.fixture
def role_name() -> str:
    return f"auditor-{secrets.token_hex(4)}"


def test_the_built_in_roles_are_listed_and_stay(
    client: Client, boss: Any, check_problem: Any
) -> None:
    items = _every_role(client, boss, limit=100)
    built_in = [item["name"] for item in items if item["built_in"]]
    assert built_in == ["admin", "customer", "finance", "support"]
    body = {"scopes": [], "description": "none"}
    for name in built_in:
        answer = client.put(f"/api/v1/roles/{name}", json=body, headers=boss)
        check_problem(answer, 409, "role_built_in")
        answer = client.delete(f"/api/v1/roles/{name}", headers=boss)
        check_problem(answer, 409, "role_built_in")


def test_a_role_is_made_changed_given_taken_and_deleted(
    client: Client, boss: Any, check_problem: Any, new_person: Any, log_in: Any, bearer: Any,
    role_name: str, sql: Any,
) -> None:  # fmt: skip
    person = new_person()
    body = {"name": role_name, "scopes": ["payments:read_all"], "description": "Reads"}
    made = client.post("/api/v1/roles", json=body, headers=boss)
    assert made.status_code == 201
    assert made.get_json() == {**body, "built_in": False}
    again = client.post("/api/v1/roles", json=body, headers=boss)
    check_problem(again, 409, "role_exists")
    content = {"scopes": ["payments:read_all", "balance:read"]}
    changed = client.put(f"/api/v1/roles/{role_name}", json=content, headers=boss)
    assert changed.get_json()["scopes"] == ["balance:read", "payments:read_all"]
    assert client.get(f"/api/v1/roles/{role_name}", headers=boss).get_json() == changed.get_json()

    grant = {"account_id": person.id, "role": role_name}
    assert client.post("/api/v1/user-roles", json=grant, headers=boss).status_code == 201
    second = client.post("/api/v1/user-roles", json=grant, headers=boss)
    assert second.status_code == 200
    assert second.get_json()["roles"] == [role_name, "customer"]
    for query in (f"account_id={person.id}", f"username={person.username.upper()}"):
        shown = client.get(f"/api/v1/user-roles?{query}", headers=boss)
        assert shown.get_json() == second.get_json()
    me = client.get("/api/v1/me", headers=bearer(log_in(person))).get_json()
    assert me["roles"] == [role_name, "customer"]
    check_problem(client.delete(f"/api/v1/roles/{role_name}", headers=boss), 409, "role_in_use")

    address = f"/api/v1/user-roles?account_id={person.id}&role={role_name}"
    assert client.delete(address, headers=boss).status_code == 204
    assert client.delete(address, headers=boss).status_code == 204
    changes = sql(
        "SELECT version, data FROM changes WHERE object_id = :id ORDER BY seq", id=person.id
    )
    assert [(row.version, row.data["roles"]) for row in changes] == [
        (1, ["customer"]),
        (2, [role_name, "customer"]),
        (3, ["customer"]),
    ]
    events = sql(
        "SELECT event, detail FROM audit_events WHERE account_id = :id AND event LIKE 'role_%'"
        " ORDER BY id",
        id=person.id,
    )
    assert [row.event for row in events] == ["role_granted", "role_granted", "role_revoked"][-2:]
    assert {row.detail["role"] for row in events} == {role_name}
    assert client.delete(f"/api/v1/roles/{role_name}", headers=boss).status_code == 204
    gone = client.get(f"/api/v1/roles/{role_name}", headers=boss)
    check_problem(gone, 404, "role_not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "Upper", "scopes": []},
        {"name": "x", "scopes": []},
        {"name": "good-name", "scopes": ["everything"]},
        {"name": "good-name", "scopes": "payments:read"},
        {"name": "good-name", "scopes": [], "built_in": True},
        {"name": "good-name", "scopes": [], "description": "x" * 201},
    ],
)
def test_a_role_that_cannot_be_is_422(
    client: Client, boss: Any, check_problem: Any, body: dict[str, Any]
) -> None:
    check_problem(client.post("/api/v1/roles", json=body, headers=boss), 422, "validation_error")


def test_what_is_not_there_is_404(
    client: Client, boss: Any, alice: Any, check_problem: Any
) -> None:
    nobody = str(new_id())
    cases = [
        (client.put("/api/v1/roles/none", json={"scopes": []}, headers=boss), "role_not_found"),
        (client.delete("/api/v1/roles/none", headers=boss), "role_not_found"),
        (
            client.post(
                "/api/v1/user-roles", json={"account_id": nobody, "role": "support"}, headers=boss
            ),
            "account_not_found",
        ),
        (
            client.post(
                "/api/v1/user-roles", json={"account_id": alice.id, "role": "none"}, headers=boss
            ),
            "role_not_found",
        ),
        (client.get(f"/api/v1/user-roles?account_id={nobody}", headers=boss), "account_not_found"),
        (client.get("/api/v1/user-roles?username=%00", headers=boss), "account_not_found"),
        (
            client.delete(f"/api/v1/user-roles?account_id={alice.id}&role=none", headers=boss),
            "role_not_found",
        ),
    ]
    for answer, code in cases:
        check_problem(answer, 404, code)


@pytest.mark.parametrize("query", ["", "account_id=nonsense", "account_id=&username="])
def test_whose_roles_must_be_said(
    client: Client, boss: Any, check_problem: Any, query: str
) -> None:
    answer = client.get(f"/api/v1/user-roles?{query}", headers=boss)
    check_problem(answer, 422, "validation_error")


def test_every_account_stays_a_customer(
    client: Client, boss: Any, alice: Any, check_problem: Any
) -> None:
    address = f"/api/v1/user-roles?account_id={alice.id}&role=customer"
    check_problem(client.delete(address, headers=boss), 409, "role_required")


def test_the_last_administrator_stays_one_also_when_two_go_at_once(
    app: OpenAPI, client: Client, sql: Any, admin: Any, new_person: Any, log_in: Any, bearer: Any
) -> None:
    sql("DELETE FROM account_roles WHERE role = 'admin'")
    pair = [new_person(), new_person()]
    for person in pair:
        admin(person)
    headers = [bearer(log_in(person)) for person in pair]
    ready = threading.Barrier(2)
    answers: list[tuple[int, str]] = []

    def resign(number: int) -> None:
        caller = app.test_client()
        ready.wait()
        answer = caller.delete(
            f"/api/v1/user-roles?account_id={pair[number].id}&role=admin", headers=headers[number]
        )
        code = "" if answer.status_code == 204 else answer.get_json(force=True)["code"]
        answers.append((answer.status_code, code))

    threads = [threading.Thread(target=resign, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(204, ""), (409, "last_admin")]
    assert sql("SELECT count(*) FROM account_roles WHERE role = 'admin'") == [(1,)]


def test_the_list_of_roles_is_read_in_pages(client: Client, boss: Any, check_problem: Any) -> None:
    stem = f"paged-{secrets.token_hex(4)}"
    for number in range(3):
        body = {"name": f"{stem}-{number}", "scopes": []}
        assert client.post("/api/v1/roles", json=body, headers=boss).status_code == 201
    whole = _every_role(client, boss, limit=100)
    assert [role["name"] for role in whole] == sorted(role["name"] for role in whole)
    assert len(whole) >= 7
    assert _every_role(client, boss, limit=2) == whole
    assert len(client.get("/api/v1/roles?limit=2", headers=boss).get_json()["items"]) == 2
    for query in ("cursor=No Role", "cursor=%00", "limit=0", "limit=101", "limit=x"):
        answer = client.get(f"/api/v1/roles?{query}", headers=boss)
        check_problem(answer, 422, "validation_error")


def _every_role(client: Client, headers: Any, *, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"limit": str(limit), "cursor": cursor}
        page = client.get("/api/v1/roles", query_string=query, headers=headers).get_json()
        assert set(page) == {"items", "next_cursor"}
        found += page["items"]
        cursor = page["next_cursor"]
    return found
