"""What the API accepts, refuses and shows, state by state."""

import json
import re

import pytest

_ALWAYS = {"id", "status", "amount", "created_at", "paid", "test", "refundable", "recipient"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_new_payment_shows_exactly_what_the_provider_shows(sandbox):
    payment = sandbox.create()
    assert set(payment) == _ALWAYS | {"confirmation", "description"}
    assert payment["status"] == "pending"
    assert payment["amount"] == {"value": "1342.00", "currency": "RUB"}
    assert payment["confirmation"] == {
        "type": "redirect",
        "return_url": "http://shop.test/back?o=7&x=a%20b#part",
        "confirmation_url": f"https://pages.test/sandbox/checkout?orderId={payment['id']}",
    }
    assert payment["recipient"] == {"account_id": "100500", "gateway_id": "100700"}
    assert (payment["paid"], payment["refundable"], payment["test"]) == (False, False, True)
    assert _TIME.fullmatch(payment["created_at"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", payment["id"])


def test_each_state_has_its_own_fields(sandbox):
    held = sandbox.succeed(sandbox.create(capture=False)["id"])
    assert held["status"] == "waiting_for_capture"
    own = {"description", "payment_method", "authorization_details"}
    assert set(held) == _ALWAYS | own | {"expires_at"}
    assert held["paid"]

    captured = sandbox.call("POST", f"/payments/{held['id']}/capture").json()
    paid = {"captured_at", "income_amount", "refunded_amount"}
    assert set(captured) == _ALWAYS | own | paid
    assert captured["refunded_amount"]["value"] == "0.00"

    pending = sandbox.create()["id"]
    canceled = sandbox.control(
        "POST", f"/payments/{pending}/cancel", json={"reason": "call_issuer"}
    )
    assert set(canceled.json()) == _ALWAYS | {"description", "cancellation_details"}
    assert canceled.json()["cancellation_details"] == {
        "party": "payment_network",
        "reason": "call_issuer",
    }
    assert canceled.json() == sandbox.get(pending)


def test_a_method_is_saved_only_when_asked(sandbox):
    asked = sandbox.succeed(sandbox.create(save_payment_method=True)["id"])["payment_method"]
    assert (asked["saved"], asked["status"]) == (True, "active")
    other = sandbox.succeed(sandbox.create()["id"])["payment_method"]
    assert (other["saved"], other["status"]) == (False, "inactive")


def test_a_final_payment_never_changes(sandbox):
    payment = sandbox.create()["id"]
    first = sandbox.succeed(payment)
    assert sandbox.succeed(payment) == first
    assert sandbox.control("POST", f"/payments/{payment}/cancel").status_code == 409
    other = sandbox.create()["id"]
    canceled = sandbox.control("POST", f"/payments/{other}/cancel").json()
    assert sandbox.control("POST", f"/payments/{other}/cancel").json() == canceled
    answer = sandbox.control("POST", f"/payments/{other}/succeed")
    assert (answer.status_code, answer.json()["type"]) == (409, "error")
    assert sandbox.get(payment) == first


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "10.00"}, "amount"),
        ({"amount": {"value": 10.0, "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "10.001", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "-1.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "1e5", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "١٢.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "0.99", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "350000.01", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "10.00", "currency": "USD"}}, "amount.currency"),
        ({"description": "я" * 129}, "description"),
        ({"description": 5}, "description"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"k" * 33: "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 513}}, "metadata"),
        ({"metadata": {"k": 1}}, "metadata"),
        ({"merchant_customer_id": "x" * 201}, "merchant_customer_id"),
        ({"capture": "yes"}, "capture"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": {"type": "post"}}, "confirmation.type"),
        ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
        ({"confirmation": {"type": "redirect", "return_url": "/a"}}, "confirmation.return_url"),
        (
            {"confirmation": {"type": "redirect", "return_url": "javascript:alert(1)"}},
            "confirmation.return_url",
        ),
        (
            {"confirmation": {"type": "redirect", "return_url": "https://a.b/" + "x" * 2048}},
            "confirmation.return_url",
        ),
        ({"payment_method_id": "x", "payment_token": "y"}, "payment_token"),
        ({"payment_method_id": "x"}, "payment_method_id"),
        ({"payment_method_data": {"type": "gold"}}, "payment_method_data.type"),
        ({"receipt": {}}, "receipt"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nothing(sandbox, changes, parameter):
    newest = sandbox.call("GET", "/payments?limit=1").json()["items"][:1]
    answer = sandbox.call("POST", "/payments", json=sandbox.body(**changes))
    assert answer.status_code == 400
    error = answer.json()
    assert set(error) == {"type", "id", "code", "description", "parameter"}
    assert (error["type"], error["code"]) == ("error", "invalid_request")
    assert error["parameter"] == parameter
    assert sandbox.call("GET", "/payments?limit=1").json()["items"][:1] == newest


def test_what_the_sdk_likes_to_send_is_accepted(sandbox):
    payment = sandbox.create(
        capture="true",
        transfers=[],
        statements=[],
        unheard_of={"a": 1},
        metadata={"cms_name": "x"},
        amount={"value": "10", "currency": "RUB"},
        merchant_customer_id="user@test",
        payment_method_data={"type": "bank_card"},
        receipt={"items": [{}]},
    )
    assert payment["amount"]["value"] == "10.00"
    assert payment["payment_method"]["status"] == "pending"
    assert payment["receipt_registration"] == "pending"
    assert payment["merchant_customer_id"] == "user@test"
    assert sandbox.succeed(payment["id"])["status"] == "succeeded"


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/payments/", {}, 404),
        ("GET", "/payments/2f0a41b7-000f-5000-8000-1c2d3e4f5a6b", {}, 404),
        ("DELETE", "/payments", {}, 405),
        ("PUT", "/me", {"content": b"{}"}, 405),
        ("POST", "/payments", {"data": {"a": "b"}}, 415),
        (
            "POST",
            "/payments",
            {"content": b"{", "headers": {"Content-Type": "application/json"}},
            400,
        ),
        (
            "POST",
            "/payments",
            {"content": b"[" * 20_000, "headers": {"Content-Type": "application/json"}},
            400,
        ),
        (
            "POST",
            "/payments",
            {"content": b'{"a":NaN}', "headers": {"Content-Type": "application/json"}},
            400,
        ),
        (
            "POST",
            "/payments",
            {
                "content": rb'{"description":"\ud800"}',
                "headers": {"Content-Type": "application/json"},
            },
            400,
        ),
        ("POST", "/payments", {"json": []}, 400),
        ("POST", "/payments", {"json": {"a": "x" * 300_000}}, 413),
        ("GET", "/payments?limit=0", {}, 400),
        ("GET", "/payments?limit=101", {}, 400),
        ("GET", "/payments?limit=x", {}, 400),
        ("GET", "/payments?status=done", {}, 400),
        ("GET", "/payments?cursor=!!", {}, 400),
        ("GET", "/payments?created_at.gte=yesterday", {}, 400),
        ("GET", "/me", {"content": b"{nonsense"}, 200),
    ],
)
def test_every_answer_is_json_with_the_right_code(sandbox, method, path, options, status):
    answer = sandbox.call(method, path, **options)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)


@pytest.mark.parametrize("auth", [None, ("100500", "wrong"), ("100501", "test_secret")])
def test_strangers_stay_outside(sandbox, auth):
    answer = sandbox.client.get("/v3/payments", auth=auth)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"
    assert answer.json()["parameter"] == "Authorization"


def test_capture_and_cancel_keep_to_the_rules(sandbox):
    def refused(payment_id, action, body=None):
        answer = sandbox.call("POST", f"/payments/{payment_id}/{action}", json=body or {})
        assert answer.status_code == 400
        return answer.json()["description"]

    pending = sandbox.create()["id"]
    assert refused(pending, "capture") == "Payment can not be captured in current status"
    assert refused(pending, "cancel") == "You can not cancel payment with autocapture"
    held = sandbox.succeed(sandbox.create(capture=False)["id"])["id"]
    more = {"amount": {"value": "1342.01", "currency": "RUB"}}
    assert refused(held, "capture", more) == "Illegal amount for capture"
    part = {"amount": {"value": "1000.00", "currency": "RUB"}}
    captured = sandbox.call("POST", f"/payments/{held}/capture", json=part).json()
    assert captured["amount"]["value"] == "1000.00"
    assert captured["income_amount"]["value"] == "965.00"
    assert refused(held, "capture") == "Payment can not be captured in current status"


def test_lists_are_newest_first_and_hold_still(sandbox):
    ids = [sandbox.create()["id"] for _ in range(5)][::-1]
    first = sandbox.call("GET", "/payments?limit=2").json()
    assert first["type"] == "list"
    assert [one["id"] for one in first["items"]] == ids[:2]
    sandbox.create()
    second = sandbox.call("GET", f"/payments?limit=2&cursor={first['next_cursor']}").json()
    assert [one["id"] for one in second["items"]] == ids[2:4]


def test_lists_are_filtered(sandbox):
    old = sandbox.create()
    paid = sandbox.succeed(sandbox.create()["id"])
    query = {"created_at.gte": paid["created_at"], "status": "succeeded", "unknown": "1"}
    only = sandbox.call("GET", "/payments", params=query).json()
    assert [one["id"] for one in only["items"]] == [paid["id"]]
    assert "next_cursor" not in only
    query = {"created_at.lte": old["created_at"].replace("Z", "+00:00"), "limit": "1"}
    assert sandbox.call("GET", "/payments", params=query).json()["items"][0]["id"] == old["id"]
    query = {"captured_at.gt": paid["captured_at"], "payment_method": "bank_card"}
    assert sandbox.call("GET", "/payments", params=query).json()["items"] == []
