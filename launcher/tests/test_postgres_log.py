"""The server's log tells of the server; people's data in failing statements stay out of it."""

from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

SECRET = "correct-horse-battery-1"  # what a row, a statement or a parameter held
AS_IT_COMES = (
    *("SET log_min_messages = warning", "SET log_min_error_statement = error"),
    *("SET log_error_verbosity = verbose", "SET log_parameter_max_length_on_error = -1"),
)
FAILING = (
    "INSERT INTO people VALUES (%s)",  # a duplicate key, whose detail quotes the row
    "SELECT %s::uuid",  # the error itself quotes the value
    "SELECT 1 FROM nowhere WHERE name = %s",  # the statement quotes it
    "DO $$BEGIN RAISE WARNING 'about %%', %s; END$$",
)


@pytest.fixture
def fail(make_database, postgres_url):
    """`fail(*settings)`: what the log got while statements failed in a session with these."""
    url = make_database("people")

    def run(*settings):
        with closing(psycopg2.connect(postgres_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('data_directory')")
                log = Path(cursor.fetchone()[0]) / "server.log"
        before = log.stat().st_size
        superuser = postgres_url.rpartition("/")[0] + "/" + url.rpartition("/")[2]
        with closing(psycopg2.connect(superuser)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for setting in settings:
                    cursor.execute(setting)
                cursor.execute("CREATE TABLE IF NOT EXISTS people (name text PRIMARY KEY)")
                for statement in (FAILING[0], *FAILING):
                    with suppress(psycopg2.Error):
                        cursor.execute(statement, (SECRET,))
        with log.open("rb") as file:
            file.seek(before)
            return file.read().decode()

    return run


def test_failing_statements_are_not_quoted(fail):
    assert SECRET not in fail()


def test_as_the_server_comes_it_would_quote_each_of_them(fail):
    said = fail(*AS_IT_COMES)
    assert said.count(SECRET) >= len(FAILING)
    assert "DETAIL" in said
