"""What a client sees when the database is slow, locked, gone or not what we think it is."""

import threading
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import psycopg2
import pytest
from sqlalchemy import text

from billing.platform.database import SERVER_SETTINGS
from billing.platform.wakeups import SESSION

LOCK_SECONDS = int(SERVER_SETTINGS["lock_timeout"]) / 1000


@contextmanager
def locked(owner_url, table):
    """Somebody holds the whole table, as a migration gone wrong would."""
    connection = psycopg2.connect(owner_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        connection.rollback()
        connection.close()


@pytest.fixture
def open_client(start_api, issuer):
    def client(database_url):
        headers = {"Authorization": f"Bearer {issuer.sign('somebody')}"}
        return httpx.Client(base_url=start_api(database_url), headers=headers, timeout=20)

    return client


async def test_the_server_knows_our_time_limits_on_every_connection(database):
    wanted = {
        name: f"{int(SERVER_SETTINGS[name]) // 1000}s"
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    }
    show = text("SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY(:n)")
    for opened in (database.begin, database.read):
        async with opened() as session:
            rows = await session.all(show, {"n": list(wanted)})
        assert {row["name"]: row["value"] for row in rows} == wanted


def test_no_session_of_ours_is_without_the_limits(api):
    """The wake-ups' own connections too: their names come with the limits, in one piece."""
    assert SESSION | SERVER_SETTINGS == {**SESSION, "application_name": "billing"}
    role = urlsplit(api.urls.service).username
    names = api.sql(
        "SELECT application_name, count(*) FROM pg_stat_activity WHERE usename = %s GROUP BY 1",
        role,
    )
    assert {name for name, _ in names} == {"billing", "billing-wakeups"}


def test_a_locked_table_costs_a_client_seconds_and_is_503(api, customer, check_problem):
    with api.client(customer) as client, locked(api.urls.owner, "customer_balances"):
        started = time.monotonic()
        answer = client.get("/api/v1/balance")
        took = time.monotonic() - started
    check_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert LOCK_SECONDS - 0.5 < took < LOCK_SECONDS + 4


def test_a_payment_behind_a_lock_is_refused_whole_and_can_be_repeated(api, customer, check_problem):
    key, body = {"Idempotency-Key": "locked-1"}, {"value": "10.00", "currency": "RUB"}
    with api.client(customer) as client:
        with locked(api.urls.owner, "payment_attempts"):
            answer = client.post("/api/v1/payment", json=body, headers=key)
        check_problem(answer, 503, "service_unavailable")
        assert client.get("/api/v1/payment").json()["items"] == []
        assert client.post("/api/v1/payment", json=body, headers=key).status_code == 201
        assert len(client.get("/api/v1/payment").json()["items"]) == 1


def test_a_pool_without_a_free_connection_is_503_and_others_wait_in_vain_no_longer(
    api, customer, check_problem
):
    """More readers than the pool holds, all stuck: nobody hangs for longer than the limits."""
    answers: list[httpx.Response] = []

    def ask():
        with api.client(customer) as client:
            answers.append(client.get("/api/v1/balance"))

    with locked(api.urls.owner, "customer_balances"):
        threads = [threading.Thread(target=ask) for _ in range(20)]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert time.monotonic() - started < 2 * LOCK_SECONDS + 5
    assert len(answers) == 20
    for answer in answers:
        check_problem(answer, 503, "service_unavailable")


def test_a_bug_is_500_and_shows_nothing_of_itself(open_client, make_database, check_problem):
    """Tables that are not there are a bug, as any other the driver reports."""
    with open_client(make_database("empty")) as client:
        answer = client.get("/api/v1/balance")
        check_problem(answer, 500, "internal_error")
        assert "customer_balances" not in answer.text
        assert client.get("/health/ready").status_code == 503


def test_a_lost_connection_is_503_and_the_next_request_has_a_new_one(
    open_client, make_migrated, check_problem
):
    urls = make_migrated()
    with open_client(urls.service) as client:
        assert client.get("/api/v1/balance").status_code == 200
        connection = psycopg2.connect(urls.service)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user"
                " AND pid <> pg_backend_pid()"
            )
        connection.close()
        answers = [client.get("/api/v1/balance") for _ in range(8)]
    assert answers[-1].status_code == 200
    for answer in answers:
        if answer.status_code != 200:
            check_problem(answer, 503, "service_unavailable")
