"""Three databases, each with roles of its own that cannot reach the others.

Billing has two: the owner migrates, the service's role may not update or delete what the books
hold.
"""

import time
from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import extensions, sql

from launcher.state import State, Trouble

# database: (owner's role, every role that may connect)
DATABASES = {
    "billing_db": ("billing_owner", ("billing_owner", "billing")),
    "auth_db": ("auth", ("auth",)),
    "admin_db": ("admin", ("admin",)),
}


class OtherServer(Trouble):
    """Whoever answers on our port is not our server: it was there first."""


def wait_for_server(url: str, seconds: float = 30) -> None:
    """Until the server takes a connection; OtherServer as soon as it does not know our password."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg2.connect(url, connect_timeout=2).close()
        except psycopg2.OperationalError as error:
            if "authentication failed" in str(error):
                port = urlsplit(url).port
                raise OtherServer(f"another PostgreSQL answers on port {port}") from error
            if time.monotonic() > deadline:
                raise Trouble(
                    f"PostgreSQL did not start within {seconds:.0f} s: {str(error).strip()};"
                    " see `make logs`"
                ) from error
            time.sleep(0.1)
        else:
            return


def ensure_databases(superuser_url: str, state: State) -> None:
    """Create what is missing; passwords are set again, so a half-made start heals."""
    with closing(psycopg2.connect(superuser_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for database, (owner, roles) in DATABASES.items():
                for role in roles:
                    _ensure_role(cursor, role, state.secrets[f"{role}_password"])
                _ensure_database(cursor, database, owner, roles)


def _ensure_role(cursor: extensions.cursor, role: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    verb = "ALTER" if cursor.fetchone() else "CREATE"
    cursor.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
        )
    )


def _ensure_database(
    cursor: extensions.cursor, database: str, owner: str, roles: tuple[str, ...]
) -> None:
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
    name = sql.Identifier(database)
    if not cursor.fetchone():
        cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner)))
    # By default everybody may connect to every database.
    cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in roles:
        cursor.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role))
        )
