"""Runs the migrations on the application's own engine, one runner at a time."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

# Any number will do that nothing else in this database locks.
RUNNER_LOCK = 7_305_001


def run() -> None:
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '30s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": RUNNER_LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": RUNNER_LOCK})
        connection.commit()
        # The pooled connection carries the limits that were lifted above: do not reuse it.
        connection.invalidate()


if context.is_offline_mode():
    raise SystemExit("migrations need a database")
run()
