"""Migrations and declared tables say the same, and there is one head."""

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from billing.platform.grants import APPEND_ONLY
from billing.wiring.app import migration_head
from billing.wiring.migrating import migration_config

# Technical, without a noun of their own.
UNDECLARED = {"alembic_version", "heartbeats"}
# Transaction numbers, a type of the database alone.
DATABASE_ONLY = {("changes", "xid"), ("journals", "made_by"), ("seals", "horizon")}


def test_there_is_one_head(urls):
    heads = ScriptDirectory.from_config(migration_config(urls.owner)).get_heads()
    assert heads == [migration_head()]


async def test_the_service_has_rights_on_every_table_and_on_each_only_the_written_ones(rows):
    granted = await rows(
        "SELECT table_name, array_agg(privilege_type::text ORDER BY privilege_type) AS rights"
        " FROM information_schema.role_table_grants"
        " WHERE grantee = current_user AND table_schema = 'public' GROUP BY table_name"
    )
    tables = await rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rights = {row["table_name"]: row["rights"] for row in granted}
    assert set(rights) == {row["tablename"] for row in tables}
    for name in APPEND_ONLY:
        assert rights[name] == ["INSERT", "SELECT"]
    assert {n for n, given in rights.items() if "DELETE" in given} == {"idempotency_keys"}
    assert not any("TRUNCATE" in given for given in rights.values())


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")
def test_declared_tables_match_the_migrated_ones(urls):
    address = sqlalchemy.make_url(urls.owner).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(address)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, SQLModel.metadata)
    engine.dispose()
    differences = []
    for entry in found:
        if isinstance(entry, tuple):
            kind = entry[0]
            if kind in {
                "remove_index",
                "add_constraint",
                "remove_constraint",
                "remove_fk",
                "add_fk",
            }:
                continue
            if kind == "remove_column" and (entry[2], entry[3].name) in DATABASE_ONLY:
                continue
            if kind == "remove_table" and entry[1].name in UNDECLARED:
                continue
        differences.append(entry)
    assert differences == []
