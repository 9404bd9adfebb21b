"""Each story leaves exactly the rows it should, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from auth.accounts.problems import EmailTaken, UsernameTaken, WeakPassword
from auth.accounts.tables import Account
from auth.audit.rules import Origin
from auth.changes.queries import list_after
from auth.changes.rules import Position
from auth.flows.ensure_client import ensure_client
from auth.flows.ensure_staff import Staff, ensure_staff
from auth.flows.register_account import Registration, register_account
from auth.platform.clock import Clock, ManualClock, to_wire
from auth.platform.database import Database
from auth.roles.rules import Role
from auth.routes.context import EXTENSION, Services
from auth.sessions.rules import hash_refresh_token

Sql = Callable[..., list[Any]]
FROM_TEST = Origin(address="192.0.2.7", request_id="req-12345678")


@pytest.fixture
def services(app: Any) -> Services:
    wired: Services = app.extensions[EXTENSION]
    return wired


def register(services: Services, command: Registration, clock: Clock | None = None) -> Account:
    return register_account(
        services.database,
        clock or services.clock,
        services.passwords,
        command,
        limits=services.limits,
        origin=FROM_TEST,
    )


def test_registration_writes_account_role_event_and_change_together(
    app: Any, services: Services, sql: Sql
) -> None:
    clock = ManualClock()
    command = Registration("Flow_Alice", "Flow_Alice@test.com", "newpassword1")
    with app.app_context():
        account = register(services, command, clock)
    assert sql("SELECT role FROM account_roles WHERE account_id = :id", id=account.id) == [
        ("customer",)
    ]
    assert sql(
        "SELECT event, at, address, request_id FROM audit_events WHERE account_id = :id",
        id=account.id,
    ) == [("registered", clock.now(), "192.0.2.7", "req-12345678")]
    [change] = sql("SELECT * FROM changes WHERE object_id = :id", id=str(account.id))
    assert (change.kind, change.version, change.at) == ("account", 1, clock.now())
    assert change.data == {
        "username": "Flow_Alice",
        "email": "Flow_Alice@test.com",
        "roles": ["customer"],
        "created_at": to_wire(clock.now()),
        "is_active": True,
    }


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (Registration("taken_NAME", "other@test.com", "newpassword1"), UsernameTaken),
        (Registration("other_name", "TAKEN@test.com", "newpassword1"), EmailTaken),
        (Registration("other_name", "other@test.com", "password123"), WeakPassword),
    ],
)
def test_a_refused_registration_leaves_nothing(
    app: Any, services: Services, sql: Sql, command: Registration, refusal: type[Exception]
) -> None:
    count = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM changes)"
    with app.app_context():
        taken = Registration("taken_name", "taken@test.com", "newpassword1")
        with suppress(UsernameTaken):  # an earlier case of this test made it
            register(services, taken)
        before = sql(count)
        with pytest.raises(refusal):
            register(services, command)
    assert sql(count) == before


def test_of_two_registrations_at_once_one_wins(app: Any, services: Services, sql: Sql) -> None:
    outcomes: list[str] = []
    ready = threading.Barrier(4)

    def attempt(number: int) -> None:
        command = Registration("Racing_One", f"racing{number}@test.com", "newpassword1")
        with app.app_context():
            ready.wait()
            try:
                register(services, command)
                outcomes.append("made")
            except UsernameTaken:
                outcomes.append("taken")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "taken", "taken", "taken"]
    assert sql("SELECT count(*) FROM accounts WHERE username_folded = 'racing_one'") == [(1,)]


def test_a_log_in_stores_the_refresh_token_as_a_hash_only(
    client: Any, sql: Sql, alice: Any
) -> None:
    token = client.post("/api/v1/login", json=alice.credentials).get_json()["refresh_token"]
    [row] = sql("SELECT * FROM sessions WHERE account_id = :id", id=alice.id)
    assert bytes(row.token_hash) == hash_refresh_token(token)
    assert row.family_id == row.id
    assert row.expires_at > row.issued_at
    assert (row.used_at, row.revoked_at) == (None, None)


def test_a_failed_log_in_is_recorded_without_the_name(client: Any, sql: Sql, alice: Any) -> None:
    client.post("/api/v1/login", json={**alice.credentials, "password": "wrong-password"})
    client.post("/api/v1/login", json={"username": "no_such_person", "password": "wrong-password"})
    known, unknown = sql(
        "SELECT account_id, detail FROM audit_events WHERE event = 'login_failed'"
        " ORDER BY id DESC LIMIT 2"
    )[::-1]
    assert str(known.account_id) == alice.id
    assert (unknown.account_id, unknown.detail) == (None, {})


def test_staff_are_made_once_and_then_get_the_password(app: Any, services: Services) -> None:
    first = Staff("staff", "staff@suite.test", "first-staff-password", Role.ADMIN)
    second = Staff("staff", "staff@suite.test", "second-staff-password", Role.ADMIN)
    with app.app_context():
        clock, passwords = services.clock, services.passwords
        assert ensure_staff(services.database, clock, passwords, first)
        assert not ensure_staff(services.database, clock, passwords, second)
    client = app.test_client()
    old = client.post("/api/v1/login", json={"username": "staff", "password": first.password})
    new = client.post("/api/v1/login", json={"username": "staff", "password": second.password})
    assert (old.status_code, new.status_code) == (401, 200)


def test_a_new_role_raises_the_version_and_shows_in_the_feed(
    app: Any, services: Services, sql: Sql, alice: Any, client: Any, log_in: Any, bearer: Any
) -> None:
    token = log_in(alice)
    promoted = Staff(alice.username, alice.email, alice.password, Role.SUPPORT)
    with app.app_context():
        for _ in range(2):
            ensure_staff(services.database, services.clock, services.passwords, promoted)
    changes = sql(
        "SELECT version, data FROM changes WHERE object_id = :id ORDER BY seq", id=alice.id
    )
    assert [(version, data["roles"]) for version, data in changes] == [
        (1, ["customer"]),
        (2, ["customer", "support"]),
    ]
    # The token is older than the role; /me reads the database. Its password was no other.
    me = client.get("/api/v1/me", headers=bearer(token)).get_json()
    assert me["roles"] == ["customer", "support"]


def test_a_staff_password_set_anew_ends_the_sessions_of_the_one_before(
    app: Any, services: Services, alice: Any, client: Any, bearer: Any
) -> None:
    pair = client.post("/api/v1/login", json=alice.credentials).get_json()
    reset = Staff(alice.username, alice.email, "another-staff-password", Role.SUPPORT)
    with app.app_context():
        ensure_staff(services.database, services.clock, services.passwords, reset)
    assert client.get("/api/v1/me", headers=bearer(pair["access_token"])).status_code == 401
    refreshed = client.post("/api/v1/refresh", json={"refresh_token": pair["refresh_token"]})
    assert refreshed.status_code == 401


def test_weak_staff_passwords_are_refused(app: Any, services: Services) -> None:
    weak = Staff("weak_staff", "weak@suite.test", "password123", Role.ADMIN)
    with app.app_context(), pytest.raises(WeakPassword):
        ensure_staff(services.database, services.clock, services.passwords, weak)


@pytest.mark.parametrize(
    ("client_id", "secret", "scopes"),
    [("x", "s" * 43, ["a"]), ("good-id", "short", ["a"]), ("good-id", "s" * 43, [])],
)
def test_a_client_that_cannot_be_is_refused(
    app: Any, services: Services, client_id: str, secret: str, scopes: list[str]
) -> None:
    with app.app_context(), pytest.raises(ValueError, match="client"):
        ensure_client(
            services.database, services.clock, client_id=client_id, secret=secret, scopes=scopes
        )


def test_a_change_of_a_slow_transaction_is_shown_late_and_never_skipped(
    app: Any, client: Any, new_person: Callable[[], Any], sql: Sql
) -> None:
    """The slow transaction took its number first; readers wait for it and lose nothing."""
    from auth.platform.database import db

    with app.app_context():
        start = Position(
            *map(int, sql("SELECT xid::text, seq FROM changes ORDER BY changes.xid, seq")[-1])
        )
        with db.engine.connect() as slow:
            slow.exec_driver_sql(
                "INSERT INTO changes (kind, object_id, version, at, data)"
                " VALUES ('account', 'slow', 1, now(), '{}')"
            )
            quick = new_person()
            with Database().read() as session:
                assert list_after(session, start, limit=10) == []
            slow.commit()
        with Database().read() as session:
            seen = [item.object_id for item in list_after(session, start, limit=10)]
    assert seen == ["slow", quick.id]


def test_changes_come_in_the_order_of_numbers_and_pages_skip_none(app: Any) -> None:
    from sqlalchemy.orm import Session

    from auth.platform.database import db

    with app.app_context(), db.engine.connect() as connection, Session(connection) as session:
        for xid in (100, 9, 1, 99, 10):  # all before any transaction of this server
            connection.exec_driver_sql(
                "INSERT INTO changes (xid, kind, object_id, version, at, data)"
                f" VALUES ('{xid}', 'account', 'x', 1, now(), '{{}}')"
            )
        seen, position = [], Position(0, 0)
        while len(seen) < 5:
            page = list_after(session, position, limit=2)
            seen += [item.position.xid for item in page]
            position = page[-1].position
        connection.rollback()
    assert seen[:5] == [1, 9, 10, 99, 100]


def test_a_read_cannot_write_and_the_next_transaction_can(app: Any, sql: Sql) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with app.app_context():
        with pytest.raises(DBAPIError, match="read-only"), Database().read() as session:
            session.execute(text("UPDATE accounts SET is_active = true"))
        with Database().begin() as session:
            session.execute(text("UPDATE accounts SET is_active = is_active"))
