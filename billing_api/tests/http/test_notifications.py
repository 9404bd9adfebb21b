"""Notifications over HTTP: from whom, how much, and that forged ones change nothing."""

import json
import time

import httpx
import pytest

BODY = b'{"value": "77.00", "currency": "RUB"}'
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def payment(api, customer):
    with api.client(customer) as client:
        return client.post("/api/v1/payment", content=BODY, headers=JSON).json()


def provider_id(payment) -> str:
    return payment["confirmation_url"].partition("orderId=")[2]


def forged(identity: str, **more) -> bytes:
    inner = {"id": identity, "status": "succeeded", "paid": True, **more}
    return json.dumps(
        {"type": "notification", "event": "payment.succeeded", "object": inner}
    ).encode()


def outcome_of(api, identity, eventually) -> str:
    def read():
        return api.sql("SELECT outcome FROM inbox WHERE object_id = %s", identity)

    eventually(lambda: bool(read()) and read()[0][0] is not None)
    return read()[0][0]


def test_a_wrong_secret_is_not_found(api):
    answer = httpx.post(f"{api.url}/api/v1/notification/wrong-secret", content=b"{}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("source", ["127.0.0.1", "127.0.0.54"])
def test_a_foreign_address_is_forbidden_and_leaves_nothing(api, source, payment):
    before = api.sql("SELECT count(*) FROM inbox")
    answer = api.notify(forged(provider_id(payment)), source=source)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert api.sql("SELECT count(*) FROM inbox") == before


def test_a_claimed_address_counts_for_nothing_from_a_stranger(api):
    """Only the edge (127.0.0.1) is believed; this stranger connects from another address."""
    answer = api.notify(
        b"{}",
        source="127.0.0.54",
        headers={"X-Forwarded-For": "185.71.76.1", "X-Real-IP": "185.71.76.1"},
    )
    assert answer.status_code == 403


def test_refusals_are_counted(api):
    def refused() -> float:
        lines = httpx.get(f"{api.url}/metrics").text.splitlines()
        [line] = [x for x in lines if x.startswith("billing_notifications_refused_total ")]
        return float(line.split()[1])

    before = refused()
    api.notify(b"{}", source="127.0.0.54")
    assert refused() == before + 1


def test_a_forged_success_is_kept_and_changes_nothing(api, customer, payment, eventually):
    identity = provider_id(payment)
    body = forged(identity, amount={"value": "9999.00", "currency": "RUB"})
    assert api.notify(body).status_code == 200
    assert outcome_of(api, identity, eventually) == "unchanged"
    with api.client(customer) as client:
        assert client.get(f"/api/v1/payment/{payment['id']}").json()["status"] == "pending"
        assert client.get("/api/v1/balance").json()["items"][0]["available"] == "0.00"


def test_an_unknown_payment_is_kept_and_answered_200(api, eventually):
    identity = "2f0a41b7-000f-5000-8000-1c2d3e4f5a6b"
    assert api.notify(forged(identity)).status_code == 200
    assert outcome_of(api, identity, eventually) == "unknown_payment"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[" * 50_000, b"\xff\x00", b"null", b'{"event": {}, "object": 5}', b"\x00" * 9],
)
def test_even_broken_json_is_kept_and_answered_200(api, body):
    assert api.notify(body).status_code == 200
    [(copies,)] = api.sql("SELECT copies FROM inbox WHERE body = %s", body)
    assert copies == 1


def test_a_huge_body_is_refused(api):
    assert api.notify(b"x" * (256 * 1024)).status_code == 200
    assert api.notify(b"x" * (256 * 1024 + 1)).status_code == 413


def test_the_secret_is_in_no_log(api):
    from_log = (api.folder / "api.log").read_text()
    assert api.environment["NOTIFICATION_SECRET"] not in from_log
    assert api.environment["YOOKASSA_SECRET_KEY"] not in from_log


def test_a_lost_notification_is_found_by_asking(api, customer, eventually):
    api.sandbox.fault("webhook_lost", times=10)
    with api.client(customer) as client:
        payment = client.post("/api/v1/payment", content=BODY, headers=JSON).json()
        api.sandbox.succeed(provider_id(payment))
        started = time.monotonic()
        path = f"/api/v1/payment/{payment['id']}"
        eventually(lambda: client.get(path).json()["status"] == "succeeded", 40)
        assert time.monotonic() - started < 30
        assert client.get("/api/v1/balance").json()["items"][0]["available"] == "77.00"


def test_a_doubled_notification_credits_once(api, customer, payment, eventually):
    api.sandbox.fault("webhook_duplicate", copies=5)
    with api.client(customer) as client:
        api.sandbox.succeed(provider_id(payment))
        path = f"/api/v1/payment/{payment['id']}"
        eventually(lambda: client.get(path).json()["status"] == "succeeded")
        time.sleep(0.5)
        assert client.get("/api/v1/balance").json()["items"][0]["available"] == "77.00"
    assert api.sql("SELECT count(*) FROM journals WHERE payment_id = %s", payment["id"]) == [(1,)]
