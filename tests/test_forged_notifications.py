"""A notification is a hint: whatever it claims, and wherever it comes from, it books nothing."""

import json
import time

import httpx
import pytest


def _notification(provider_id, value="1342.00", event="payment.succeeded"):
    return {
        "type": "notification",
        "event": event,
        "object": {
            "id": provider_id, "status": "succeeded", "paid": True, "test": True,
            "amount": {"value": value, "currency": "RUB"}, "metadata": {},
        },
    }  # fmt: skip


def _secret_path(suite):
    text = (suite.var / "suite.json").read_text()
    return f"/api/v1/notification/{json.loads(text)['secrets']['notification_secret']}"


def _client_from(suite, address):
    return suite.client(transport=httpx.HTTPTransport(verify=suite.tls, local_address=address))


def test_a_notification_for_an_id_we_never_made_is_stored_and_does_nothing(suite, alice):
    with _client_from(suite, "127.0.0.53") as provider:
        body = _notification("2f0a41b7-000f-5000-8000-1c2d3e4f5a6b")
        assert provider.post(_secret_path(suite), json=body).status_code == 200
        assert provider.post(_secret_path(suite), content=b"not json").status_code == 200
    assert alice.available() == "0.00"


def test_a_notification_that_lies_about_a_pending_payment_credits_nothing(suite, new_customer):
    customer = new_customer()
    payment = customer.created()
    provider_id = payment["confirmation_url"].partition("orderId=")[2]
    with _client_from(suite, "127.0.0.53") as provider:
        for value in ("1342.00", "999999.00"):
            body = _notification(provider_id, value)
            assert provider.post(_secret_path(suite), json=body).status_code == 200
    time.sleep(2)
    assert customer.payment(payment["id"])["status"] == "pending"
    assert customer.available() == "0.00"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-For": "127.0.0.53"},
        {"X-Forwarded-For": "185.71.76.1, 127.0.0.53"},
        {"X-Real-IP": "127.0.0.53"},
        {"Forwarded": "for=127.0.0.53"},
    ],
)
def test_a_notification_from_a_foreign_address_is_forbidden(suite, headers, check_problem):
    with _client_from(suite, "127.0.0.2") as stranger:
        body = _notification("2f0a41b7-000f-5000-8000-1c2d3e4f5a6b")
        check_problem(stranger.post(_secret_path(suite), json=body, headers=headers), 403)


def test_a_notification_with_a_wrong_secret_is_not_found(suite, check_problem):
    with _client_from(suite, "127.0.0.53") as provider:
        check_problem(provider.post("/api/v1/notification/wrong", json={}), 404)
