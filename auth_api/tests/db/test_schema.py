"""The database keeps its own promises, whoever writes to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import upgrade
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.exc import DBAPIError, IntegrityError

from auth.changes.tables import Xid8
from auth.platform.database import db
from auth.settings import MIGRATIONS

Sql = Callable[..., list[Any]]


def test_the_tables_in_code_are_the_tables_of_the_migrations(
    app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ischema_names, "xid8", Xid8)  # SQLAlchemy has not heard of it
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, db.metadata)
    assert differences == []


def test_migrating_again_changes_nothing(operator_app: Any, sql: Sql) -> None:
    before = sql("SELECT version_num FROM alembic_version")
    with operator_app.app_context():
        upgrade(directory=str(MIGRATIONS))
    assert sql("SELECT version_num FROM alembic_version") == before


def test_the_roles_carry_the_agreed_scopes(sql: Sql) -> None:
    customer = {"payments:read", "payments:write", "balance:read"}
    support = customer | {"payments:read_all", "refunds:write"}
    finance = support | {"balance:adjust"}
    assert {name: set(scopes) for name, scopes in sql("SELECT name, scopes FROM roles")} == {
        "customer": customer,
        "support": support,
        "finance": finance,
        "admin": finance | {"roles:write"},
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET event = 'nothing'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ],
)
def test_the_audit_trail_cannot_be_rewritten(sql: Sql, alice: Any, statement: str) -> None:
    before = sql("SELECT count(*) FROM audit_events")
    with pytest.raises(DBAPIError, match="append-only"):
        sql(statement)
    assert sql("SELECT count(*) FROM audit_events") == before


@pytest.mark.parametrize("column", ["username", "email"])
def test_a_name_or_an_address_is_unique_whatever_its_case(
    sql: Sql, alice: Any, column: str
) -> None:
    other = {"username": "else", "email": "else"} | {column: getattr(alice, column).lower()}
    with pytest.raises(IntegrityError, match=f"{column}_folded"):
        sql(
            "INSERT INTO accounts VALUES (gen_random_uuid(), 'x', :username, 'x', :email, 'x',"
            " true, 1, now(), now())",
            **other,
        )
