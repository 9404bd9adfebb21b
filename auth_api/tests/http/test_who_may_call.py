"""Who may call what: every route of the application against every kind of caller.

The table is contracts/access/auth.toml, its rows are held to the application's routes: a new route
without a row fails, and so does a row without its route. Each cell is a real request.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import Client

from auth.app import create_app
from auth.flows.ensure_client import ensure_client
from auth.keys.keyring import Keyring
from auth.platform.clock import SystemClock
from auth.platform.database import Database
from auth.routes.guards import ATTRIBUTE, Rule, anyone
from auth.settings import Settings
from launcher import access

ACCESS = access.read("auth")
ROLES = ("customer", "support", "finance", "admin")


CHANGED: dict[str, dict[str, Any]] = {
    "expired": {"exp": 1_700_000_000},
    "elsewhere": {"aud": ["billing"]},
}


def routes_of(app: OpenAPI) -> set[str]:
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_table_has_a_row_for_every_route_and_no_other(app: OpenAPI) -> None:
    assert not ACCESS.gaps(routes_of(app))


def test_a_route_nobody_has_thought_about_is_found(settings: Settings) -> None:
    """The control."""
    careless = create_app(settings, Keyring.throwaway())
    careless.add_url_rule("/stray", view_func=anyone(lambda: "open to all"))
    assert ACCESS.gaps(routes_of(careless)) == ["GET /stray has no row"]


def test_every_view_declares_who_may_call_it(app: OpenAPI) -> None:
    views = app.view_functions.values()
    assert all(isinstance(getattr(view, ATTRIBUTE, None), Rule) for view in views)


@dataclass
class Callers:
    """Headers of each kind of caller, of a new session each time."""

    client: Client
    people: dict[str, Any]
    programs: dict[str, str]
    key: str

    def headers(self, who: str) -> dict[str, str]:
        if who == "nobody":
            return {}
        if who == "garbage":
            return {"Authorization": "Bearer not-a-token"}
        if who in self.programs:
            pair = base64.b64encode(f"{who}:{self.programs[who]}".encode()).decode()
            answer = self.client.post(
                "/api/v1/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Basic {pair}"},
            )
        else:
            person = self.people.get(who, self.people["customer"])
            answer = self.client.post("/api/v1/login", json=person.credentials)
        token = answer.get_json()["access_token"]
        if who in CHANGED:
            claims = jwt.decode(token, options={"verify_signature": False}) | CHANGED[who]
            head = {"kid": "key-2", "typ": "at+jwt"}
            token = jwt.encode(claims, self.key, algorithm="ES256", headers=head)
        headers = {"Authorization": f"Bearer {token}"}
        if who == "ended":
            assert self.client.post("/api/v1/logout", headers=headers).status_code == 204
        return headers


@pytest.fixture(scope="module")
def callers(app: OpenAPI, key_pems: dict[str, str]) -> Callers:
    client = app.test_client()
    people = {}
    for role in (*ROLES, "stranger"):
        body = {
            "username": f"matrix_{role}",
            "password": f"matrix-password-{role}",
            "email": f"matrix_{role}@test.com",
        }
        made = client.post("/api/v1/registration", json=body)
        assert made.status_code == 201
        people[role] = Caller(made.get_json()["id"], body)
    programs = {"program": "s" * 43, "outsider": "t" * 43}
    scopes = {"program": ["auth:changes"], "outsider": ["something:else"]}
    with app.app_context():
        for name, secret in programs.items():
            ensure_client(
                Database(), SystemClock(), client_id=name, secret=secret, scopes=scopes[name]
            )
        from sqlalchemy import text

        with Database().begin() as session:
            for role in ROLES[1:]:
                session.execute(
                    text("INSERT INTO account_roles VALUES (:id, :role, now())"),
                    {"id": people[role].id, "role": role},
                )
    return Callers(client, people, programs, key_pems["key-2"])


@dataclass
class Caller:
    id: str
    body: dict[str, str]

    @property
    def credentials(self) -> dict[str, str]:
        return {"username": self.body["username"], "password": self.body["password"]}


def request_of(route: str, who: str, callers: Callers) -> tuple[str, dict[str, Any] | None]:
    """The address and a body that is good for whoever may send it."""
    customer = callers.people["customer"]
    person = callers.people.get(who, customer)
    account_id = (customer if who == "stranger" else person).id
    path = route.split(" ")[1].replace("<string:name>", "admin").replace("<name>", "docs.css")
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/v1/registration": person.body,
        "POST /api/v1/login": {"username": "nobody", "password": "wrong-password"},
        "POST /api/v1/refresh": {"refresh_token": "nonsense"},
        "PUT /api/v1/auth_change": {
            "current_password": person.body["password"],
            "email": person.body["email"],
        },
        "POST /api/v1/roles": {"name": "admin", "scopes": []},
        "PUT /api/v1/roles/<string:name>": {"scopes": []},
        "POST /api/v1/user-roles": {"account_id": account_id, "role": "customer"},
    }
    query = {
        "GET /api/v1/user-roles": f"?account_id={account_id}",
        "DELETE /api/v1/user-roles": f"?account_id={account_id}&role=customer",
    }
    return path + query.get(route, ""), bodies.get(route)


@pytest.mark.parametrize(("route", "who", "status"), ACCESS.cells())
def test_a_caller_may_do_what_the_table_says_and_nothing_else(
    callers: Callers, check_problem: Callable[..., Any], route: str, who: str, status: int
) -> None:
    address, body = request_of(route, who, callers)
    method = route.split(" ", maxsplit=1)[0]
    headers = callers.headers(who)
    form = {"grant_type": "client_credentials"} if route.endswith("/token") else None
    answer = callers.client.open(address, method=method, headers=headers, json=body, data=form)
    assert answer.status_code == status, answer.text
    if answer.status_code == 403:
        check_problem(answer, 403, "forbidden")
    answer.close()
