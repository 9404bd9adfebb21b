"""Errors on our side while secrets are on their way: a database that refuses, programs that end."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import psycopg2

from log_parts.journeys import ADMIN, Journeys

# Says all it knows of the row, as a constraint or a bad type would.
FAILING = """
CREATE FUNCTION fails_for_a_test() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'about %', NEW USING DETAIL = NEW::text, ERRCODE = 'data_exception'; END $$;
CREATE TRIGGER fails_for_a_test BEFORE INSERT ON {table}
FOR EACH ROW EXECUTE FUNCTION fails_for_a_test()
"""
UNDO = "DROP FUNCTION fails_for_a_test() CASCADE"


@contextmanager
def failing_inserts(url: str, table: str) -> Iterator[None]:
    """Every new row of the table is refused with an error that quotes it."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(FAILING.format(table=table))
            try:
                yield
            finally:
                cursor.execute(UNDO)


def attempts(suite: Any, journeys: Journeys) -> list[tuple[str, Callable[[httpx.Client], int]]]:
    """Of each service one action that writes, with secrets in it."""
    own = journeys.secrets
    payment = {"value": "138.00", "currency": "RUB", "description": own["a description"]}
    account = {"username": f"{journeys.username}_z", "password": own["a password"]}
    account["email"] = f"z.{own['an e-mail']}"
    staff = (suite.env["STAFF_USERNAME"], suite.env["STAFF_PASSWORD"])

    def register(http: httpx.Client) -> int:
        return http.post("/auth/api/v1/registration", json=account).status_code

    def pay(http: httpx.Client) -> int:
        headers = journeys.bearer
        return http.post("/api/v1/payment", json=payment, headers=headers).status_code

    def enter(http: httpx.Client) -> int:
        page = http.get(f"{ADMIN}/login/")
        return journeys.sign_in(http, *staff).status_code if page.is_success else page.status_code

    return [("auth", register), ("billing", pay), ("admin", enter)]


def bugs(suite: Any, journeys: Journeys) -> dict[str, int]:
    """What each service answered when its database said what nobody expected."""
    tables = {"auth": "accounts", "billing": "payments", "admin": "django_session"}
    answers = {}
    for service, act in attempts(suite, journeys):
        url = suite.env[f"{service.upper()}_DATABASE_URL"]
        with failing_inserts(url, tables[service]), suite.client() as http:
            answers[service] = act(http)
    return answers


def outage(suite: Any, journeys: Journeys, program: str, number: int) -> dict[str, set[int]]:
    """End one of the suite's programs, and say what the services answer until it is back."""
    seen: dict[str, set[int]] = {}
    os.kill(_pid(suite, program), number)
    for _ in range(6):
        for service, act in attempts(suite, journeys):
            with suite.client() as http:
                seen.setdefault(service, set()).add(act(http))
    return seen


def _pid(suite: Any, program: str) -> int:
    head, *rows = suite.command("status", check=False).stdout.splitlines()
    place = head.split().index("pid")
    [row] = [cells for cells in map(str.split, rows) if cells and cells[0] == program]
    return int(row[place])


DATABASE_STOP = signal.SIGINT
KILL = signal.SIGKILL
