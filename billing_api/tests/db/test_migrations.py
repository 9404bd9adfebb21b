"""Migrations and declared tables say the same, and there is one head."""

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from billing.wiring.app import migration_head
from billing.wiring.migrating import migration_config

# Made by the database alone: readers order by it, no code writes it.
# Technical, without a noun of their own.
UNDECLARED = {"alembic_version", "heartbeats"}
DATABASE_ONLY = {("changes", "xid"), ("journals", "made_by")}


def test_there_is_one_head(urls):
    heads = ScriptDirectory.from_config(migration_config(urls.owner)).get_heads()
    assert heads == [migration_head()]


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
