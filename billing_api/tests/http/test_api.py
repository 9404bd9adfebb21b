"""The wire contract beyond the main road: keys, lists, feed, health, documentation, worker."""

import json
import os
import subprocess
import sys
import threading
import time

import httpx
import psycopg2
from click.testing import Result
from typer.testing import CliRunner

from billing.cli import app

BODY = b'{"value": "10.00", "currency": "RUB"}'
JSON = {"Content-Type": "application/json"}


def post(client, content=BODY, **headers):
    return client.post("/api/v1/payment", content=content, headers={**JSON, **headers})


def test_a_replayed_answer_is_the_same_bytes(api, customer):
    with api.client(customer) as client:
        first = post(client, **{"Idempotency-Key": "k-1"})
        second = post(client, b' {"currency":"RUB" , "value": 10.00}', **{"Idempotency-Key": "k-1"})
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.content == first.content
        assert second.headers["idempotent-replayed"] == "true"
        assert "idempotent-replayed" not in first.headers
        assert first.headers["location"] == f"/api/v1/payment/{first.json()['id']}"
        other = post(client, b'{"value": "11.00", "currency": "RUB"}', **{"Idempotency-Key": "k-1"})
        assert other.status_code == 422
        assert other.json()["code"] == "idempotency_key_reused"
        assert len(client.get("/api/v1/payment").json()["items"]) == 1


def test_a_key_in_progress_is_a_conflict(api, customer):
    api.sandbox.fault("slow", delay=2)
    answers = []

    def call():
        with api.client(customer) as client:
            answers.append(post(client, **{"Idempotency-Key": "k-2"}))

    first = threading.Thread(target=call)
    first.start()
    time.sleep(1)
    call()
    first.join()
    conflict, created = answers
    assert created.status_code == 201
    assert conflict.status_code == 409
    assert conflict.json()["code"] == "idempotency_in_progress"
    assert int(conflict.headers["retry-after"]) >= 1


def test_a_program_may_pay_with_a_key(api):
    with api.client("shop", "payments:write payments:read", client_id="shop") as client:
        assert post(client, **{"Idempotency-Key": f"order-{time.time_ns()}"}).status_code == 201


def test_an_undecided_payment_is_202_and_the_worker_finishes_it(api, customer, eventually):
    api.sandbox.fault("timeout_after_accept")
    with api.client(customer) as client:
        started = time.monotonic()
        answer = post(client)
        assert time.monotonic() - started < 10
        assert answer.status_code == 202
        payment = answer.json()
        assert (payment["status"], payment["confirmation_url"]) == ("pending", None)
        assert int(answer.headers["retry-after"]) > 0
        path = f"/api/v1/payment/{payment['id']}"
        eventually(lambda: client.get(path).json()["confirmation_url"] is not None, 40)
    assert len(api.sandbox.payments_of(payment["id"])) == 1


def test_pages_are_newest_first_and_join(api, customer):
    with api.client(customer) as client:
        made = [post(client).json()["id"] for _ in range(5)]
        seen, cursor = [], None
        while True:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = client.get("/api/v1/payment", params=query).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == made[::-1]
        assert len(client.get("/api/v1/payment", params={"status": "pending"}).json()["items"]) == 5
        assert client.get("/api/v1/payment", params={"status": "succeeded"}).json()["items"] == []
        assert len(client.get("/api/v1/payment?limit=9&cursor=&status=").json()["items"]) == 5


def test_a_new_customer_has_a_balance_of_nothing(api, customer):
    with api.client(customer) as client:
        answer = client.get("/api/v1/balance")
    assert answer.json() == {"items": [{"currency": "RUB", "available": "0.00", "held": "0.00"}]}


def test_the_feed_waits_for_news_and_gives_them_at_once(api, customer):
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as service:
        after = ""
        while True:
            page = service.get("/api/v1/changes", params={"after": after, "limit": 5000}).json()
            if not page["items"]:
                break
            after = page["next_after"]
        assert page["next_after"] == after
        started = time.monotonic()
        empty = service.get("/api/v1/changes", params={"after": after, "wait": 1}).json()
        assert empty == {"items": [], "next_after": after}
        assert 0.9 < time.monotonic() - started < 4

        def later():
            time.sleep(0.5)
            with api.client(customer) as client:
                post(client)

        thread = threading.Thread(target=later)
        thread.start()
        news = service.get("/api/v1/changes", params={"after": after, "wait": 20}).json()
        thread.join()
    assert news["items"][0]["kind"] == "payment"
    assert news["items"][0]["data"]["customer_id"] == customer
    assert set(news["items"][0]) == {"position", "kind", "id", "version", "at", "data"}


def test_an_empty_feed_position_is_spelled_out(api):
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as service:
        page = service.get("/api/v1/changes", params={"after": "18446744073709551615-0"}).json()
    assert page == {"items": [], "next_after": "18446744073709551615-0"}


def test_health_and_metrics(api, eventually):
    assert httpx.get(f"{api.url}/health/live").json() == {"status": "ok"}
    assert httpx.get(f"{api.url}/health/ready").json() == {"status": "ok"}
    eventually(lambda: httpx.get(f"{api.url}/metrics").text.count('last_tick_seconds{loop="') == 6)
    text = httpx.get(f"{api.url}/metrics").text
    names = ("undecided_open", "undecided_oldest_seconds", "held_open", "inbox_depth",
        "refunds_open", "refunds_oldest_seconds", "refunds_held_open")  # fmt: skip
    for name in (*names, "sealed_until_seconds"):
        assert f"billing_{name} " in text
    assert "billing_provider_left_alone 0.0" in text


def test_the_documentation_has_its_own_assets(api):
    page = httpx.get(f"{api.url}/app/openapi")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://fastapi", "")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' 'sha256-" in policy
    assert httpx.get(f"{api.url}/app/static/swagger-ui-bundle.js").status_code == 200
    document = httpx.get(f"{api.url}/app/openapi.json").json()
    post_payment = document["paths"]["/api/v1/payment"]["post"]
    assert set(post_payment["responses"]) >= {"201", "202", "400", "401", "409", "422"}
    assert "value" in json.dumps(post_payment["requestBody"])
    assert "/health/ready" not in document["paths"]
    assert not any("notification" in path for path in document["paths"])


def test_every_route_of_the_api_asks_for_a_token(api):
    document = httpx.get(f"{api.url}/app/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("security"), f"{method} {path} is open to everybody"


def run_cli(api, *words: str, **more: str) -> Result:
    return CliRunner().invoke(app, [*words], env={**api.environment, **more})


def test_the_operators_command_proves_the_books_and_moves_the_clock(api):
    verified = run_cli(api, "verify")
    assert verified.exit_code == 0, verified.output
    assert "every succeeded payment has one journal" in verified.output
    assert run_cli(api, "clock", "advance", "2h").exit_code == 0
    try:
        assert "offset 7200 s" in run_cli(api, "clock", "show").output
    finally:
        assert run_cli(api, "clock", "reset").exit_code == 0
    assert run_cli(api, "review").exit_code == 0


def test_the_command_runs_as_a_program_and_migrates_twice_without_harm(api):
    migrated = subprocess.run(
        [sys.executable, "-m", "billing.cli", "migrate"],
        env={**os.environ, **api.environment},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert "up to date" in migrated.stdout


def test_the_clock_cannot_be_moved_in_production(api):
    refused = run_cli(
        api,
        *("clock", "advance", "1d"),
        ENVIRONMENT="production",
        YOOKASSA_SECRET_KEY="live_0123456789abcdefgh",
        NOTIFICATION_SECRET="0123456789abcdef0123456789abcdef",
    )
    assert refused.exit_code == 1
    assert "cannot be moved" in refused.output


def test_every_log_line_is_one_json_object_with_its_service(api, eventually):
    httpx.get(f"{api.url}/api/v1/balance", headers={"X-Request-ID": "findme-in-the-log"})
    log = api.folder / "api.log"
    eventually(lambda: log.read_text().count("findme-in-the-log") == 2)
    lines = (api.folder / "api.log").read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    assert all(document["service"]["name"] == "billing" for document in documents)
    mine = [d for d in documents if d.get("trace", {}).get("id") == "findme-in-the-log"]
    assert {d["message"] for d in mine} >= {"request", "refused"}


def test_lost_database_connections_are_a_503_at_worst_and_made_anew(api, customer, eventually):
    [(before,)] = api.sql("SELECT count(*) FROM heartbeats")
    superuser = psycopg2.connect(os.environ["TEST_POSTGRES_URL"])
    with superuser, superuser.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
            (api.urls.service.rpartition("/")[2],),
        )
        assert cursor.fetchone()[0] >= 3
    superuser.close()
    with api.client(customer) as client:
        statuses = [client.get("/api/v1/balance").status_code for _ in range(12)]
        statuses += [post(client).status_code for _ in range(6)]
    assert set(statuses) <= {200, 201, 503}, statuses
    assert statuses[11] == 200
    assert statuses[-1] == 201
    assert before == 6
