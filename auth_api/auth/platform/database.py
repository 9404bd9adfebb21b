"""The one place that begins, commits and rolls back.

A function that takes a `Database` opens its own transactions; a function that takes a `Session`
runs inside its caller's and never commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase, Session

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A stuck statement must not hold a thread, a forgotten transaction must not hold the feed back.
_SESSION_LIMITS = (
    "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000"
)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)


# Rows stay readable after their transaction: nothing is loaded behind a flow's back.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})


def configure_database(app: Flask, url: str, *, pool_size: int) -> None:
    app.config["SQLALCHEMY_DATABASE_URI"] = _with_driver(url)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(pool_size)
    db.init_app(app)


def engine_options(pool_size: int) -> dict[str, Any]:
    return {
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 5,
        "pool_pre_ping": True,
        "pool_recycle": 1800,
        # Parameters are people's names and password hashes: they stay out of error texts.
        "hide_parameters": True,
        "connect_args": {
            "connect_timeout": 3,
            "application_name": "auth",
            "options": _SESSION_LIMITS,
        },
    }


def _with_driver(url: str) -> str:
    """SQLAlchemy 2.1 reads a bare `postgresql://` as psycopg 3; ours is psycopg2."""
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return f"postgresql+psycopg2{separator}{rest}"
    return url


class Database:
    """Transactions on Flask-SQLAlchemy's session; needs an application context."""

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Commits when the block ends, rolls back when it raises, frees the connection."""
        session = db.session()
        try:
            with session.begin():
                yield session
        finally:
            session.close()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """As `begin`, in a transaction that cannot write."""
        with self.begin() as session:
            # psycopg2 then says BEGIN READ ONLY: no statement of its own.
            session.connection(execution_options={"postgresql_readonly": True})
            yield session

    def ping(self) -> None:
        with self.begin() as session:
            session.execute(text("SELECT 1"))

    def migration(self) -> str | None:
        """The revision the database stands at."""
        with self.begin() as session:
            if session.scalar(text("SELECT to_regclass('alembic_version')")) is None:
                return None
            revision: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
            return revision
