"""The main road over HTTP: create, pay, be notified, see the balance and the feed."""

import json
import time

BODY = '{"value": 1342.00, "currency": "RUB", "description": "Оплата подписки"}'
JSON = {"Content-Type": "application/json"}


def test_the_documented_body_becomes_a_paid_payment_on_the_balance(api, customer, eventually):
    with api.client(customer) as client:
        created = client.post("/api/v1/payment", content=BODY.encode(), headers=JSON)
        assert created.status_code == 201, created.text
        payment = created.json()
        assert set(payment) == {
            "id", "status", "value", "currency", "description", "confirmation_url", "created_at",
            "paid_at", "canceled_at", "cancel_requested_at", "cancellation_reason", "return_url",
            "captured_value", "refunded_value", "capture_before",
        }  # fmt: skip
        assert payment["value"] == "1342.00"
        assert payment["status"] == "pending"
        assert payment["description"] == "Оплата подписки"
        assert payment["return_url"].endswith(f"/pay/return/{payment['id']}")
        provider_id = payment["confirmation_url"].partition("orderId=")[2]
        assert len(provider_id) == 36
        api.sandbox.succeed(provider_id)
        started = time.monotonic()
        path = f"/api/v1/payment/{payment['id']}"
        eventually(lambda: client.get(path).json()["status"] == "succeeded")
        assert time.monotonic() - started < 5
        paid = client.get(path).json()
        assert paid["confirmation_url"] is None
        assert paid["paid_at"]
        balance = client.get("/api/v1/balance").json()
        assert balance == {"items": [{"currency": "RUB", "available": "1342.00", "held": "0.00"}]}
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as service:
        feed = service.get("/api/v1/changes", params={"limit": 5000, "wait": 2}).json()
    mine = [item for item in feed["items"] if customer in json.dumps(item)]
    kinds = [item["kind"] for item in mine]
    assert kinds.count("payment") == 3
    assert kinds.count("balance") == 1
    assert kinds.count("journal") == 1
