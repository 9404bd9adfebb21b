"""Runs migrations over psycopg2. One at a time, and never waiting long for a lock in production."""

import sqlalchemy
from alembic import context
from sqlmodel import SQLModel

import billing.adjustments.tables
import billing.balance.tables
import billing.changes.tables
import billing.charges.tables
import billing.holds.tables
import billing.idempotency.tables
import billing.inbox.tables
import billing.ledger.tables
import billing.outbox.tables
import billing.payments.tables
import billing.promo.tables
import billing.seals.tables  # noqa: F401 - declares the tables compared with the database

target_metadata = SQLModel.metadata
MIGRATION_LOCK = 7_204_115_309


def run() -> None:
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise RuntimeError("run `billing migrate`: it knows the database's address")
    # Named in full: the bare scheme means another driver from SQLAlchemy 2.1 on.
    address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '10s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        connection.commit()
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()


run()
