"""Register, log in, pay, see the balance: as the documented requests say, and when things fail."""

import concurrent.futures
import re

UTC_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
PAYMENT_FIELDS = {
    "id", "status", "value", "currency", "description", "confirmation_url", "created_at",
    "paid_at", "canceled_at", "cancel_requested_at", "cancellation_reason", "return_url",
    "captured_value", "refunded_value", "capture_before",
}  # fmt: skip


def test_the_documented_requests_answer_as_documented(suite, new_customer):
    customer = new_customer()
    assert set(customer.account) == {"id", "username", "email", "created_at"}
    assert UTC_TIME.match(customer.account["created_at"])

    me = customer.http.get("/auth/api/v1/me")
    assert me.status_code == 200
    assert set(me.json()) == {"id", "username", "email", "roles", "created_at"}
    assert me.json()["roles"] == ["customer"]

    answer = customer.create()
    assert answer.status_code == 201
    payment = answer.json()
    assert set(payment) == PAYMENT_FIELDS
    assert (payment["status"], payment["value"], payment["currency"]) == (
        "pending",
        "1342.00",
        "RUB",
    )
    assert payment["description"] == "Оплата подписки"
    assert payment["paid_at"] is payment["canceled_at"] is payment["cancellation_reason"] is None
    assert payment["return_url"] == f"{suite.env['BASE_URL']}/pay/return/{payment['id']}"
    assert customer.available() == "0.00"

    customer.pay(payment)
    paid = customer.await_status(payment["id"], "succeeded")
    assert paid["confirmation_url"] is None
    assert UTC_TIME.match(paid["paid_at"])
    balance = customer.http.get("/api/v1/balance").json()
    assert balance == {"items": [{"currency": "RUB", "available": "1342.00", "held": "0.00"}]}

    listed = customer.http.get("/api/v1/payment").json()
    assert listed == {"items": [paid], "next_cursor": None}


def test_login_gives_a_bearer_token_of_fifteen_minutes(suite, customer):
    with suite.client() as http:
        body = {"username": customer.name, "password": customer.password}
        entered = http.post("/auth/api/v1/login", json=body).json()
    assert set(entered) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert entered["token_type"].lower() == "bearer"
    assert entered["expires_in"] == 900


def test_lists_page_newest_first_and_filter_by_status(customer):
    made = [customer.created()["id"] for _ in range(5)]
    page = customer.http.get("/api/v1/payment", params={"limit": 2}).json()
    seen = [item["id"] for item in page["items"]]
    while page["next_cursor"]:
        query = {"limit": 2, "cursor": page["next_cursor"]}
        page = customer.http.get("/api/v1/payment", params=query).json()
        seen += [item["id"] for item in page["items"]]
    assert seen == made[::-1]
    pending = customer.http.get("/api/v1/payment", params={"status": "pending"}).json()
    assert [item["id"] for item in pending["items"]] == made[::-1]
    assert customer.http.get("/api/v1/payment?status=succeeded").json()["items"] == []


def test_a_payment_canceled_at_the_provider_is_canceled_and_credits_nothing(suite, customer):
    payment = customer.created()
    provider_id = payment["confirmation_url"].partition("orderId=")[2]
    suite.sandbox("POST", f"/_sandbox/payments/{provider_id}/cancel")
    canceled = customer.await_status(payment["id"], "canceled")
    assert canceled["canceled_at"] is not None
    assert canceled["cancellation_reason"]
    assert canceled["confirmation_url"] is None
    assert customer.available() == "0.00"


def test_a_lost_notification_is_made_good_by_polling_and_credited_once(no_faults, customer):
    payment = customer.created()
    no_faults.faults({"mode": "webhook_lost", "times": 1})
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded", 60)
    assert customer.available() == "1342.00"


def test_a_doubled_notification_credits_once(no_faults, customer):
    payment = customer.created()
    no_faults.faults({"mode": "webhook_duplicate", "times": 1, "copies": 5})
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded")
    assert customer.available() == "1342.00"


def test_a_time_out_after_accept_leaves_one_payment_that_is_credited_once(
    no_faults, customer, eventually
):
    no_faults.faults(
        {"method": "POST", "path": "/v3/payments", "mode": "timeout_after_accept", "times": 1}
    )
    answer = customer.create()
    assert answer.status_code == 202
    assert answer.elapsed.total_seconds() < 10
    payment = answer.json()
    assert (payment["status"], payment["confirmation_url"]) == ("pending", None)
    assert int(answer.headers["Retry-After"]) >= 1
    no_faults.faults()

    def payable():
        found = customer.payment(payment["id"])
        return found if found["confirmation_url"] else None

    known = eventually(payable, 60)
    mine = [
        item
        for item in no_faults.provider_list()
        if payment["id"] in (item.get("metadata") or {}).values()
    ]
    assert len(mine) == 1
    customer.pay(known)
    customer.await_status(payment["id"], "succeeded")
    assert customer.available() == "1342.00"


def test_a_provider_that_is_down_leaves_the_payment_pending_until_it_is_back(
    no_faults, customer, eventually
):
    no_faults.faults(
        {"method": "POST", "path": "/v3/payments", "mode": "error_500_before", "times": 2}
    )
    answer = customer.create()
    assert answer.status_code == 202
    assert answer.elapsed.total_seconds() < 10
    payment = answer.json()
    known = eventually(
        lambda: (found := customer.payment(payment["id"]))["confirmation_url"] and found, 60
    )
    customer.pay(known)
    customer.await_status(payment["id"], "succeeded")
    assert customer.available() == "1342.00"


def test_one_key_makes_one_payment_and_replays_the_answer(customer):
    first = customer.create(**{"Idempotency-Key": "order-1"})
    second = customer.create(**{"Idempotency-Key": "order-1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["Idempotent-Replayed"] == "true"
    other = customer.create(
        b'{"value": "5.00", "currency": "RUB"}', **{"Idempotency-Key": "order-1"}
    )
    assert other.status_code == 422


def test_a_double_click_at_once_makes_one_payment(customer):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: customer.create(**{"Idempotency-Key": "click"}), range(8))
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(customer.http.get("/api/v1/payment").json()["items"]) == 1


def test_another_customers_payment_is_not_there(new_customer):
    alice, charlie = new_customer(), new_customer()
    payment = alice.created()
    answer = charlie.http.get(f"/api/v1/payment/{payment['id']}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found" or answer.json()["code"].endswith("not_found")


def test_what_was_paid_is_spent_and_refunded(no_faults, customer):
    payment = customer.created()
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded")
    spend = {"value": "342.00", "currency": "RUB", "reason": "Доступ на день"}
    assert customer.http.post("/api/v1/charge", json=spend).status_code == 201
    back = {"payment_id": payment["id"], "currency": "RUB", "reason": "Передумал"}
    spent = customer.http.post("/api/v1/refund", json=back)
    assert (spent.status_code, spent.json()["missing"]) == (402, "342.00")
    refunded = customer.http.post("/api/v1/refund", json={**back, "value": 1000.00})
    assert refunded.status_code == 201, refunded.text
    assert set(refunded.json()) == {
        "id", "payment_id", "status", "value", "currency", "reason", "to", "created_at",
    }  # fmt: skip
    assert (refunded.json()["status"], refunded.json()["to"]) == ("succeeded", "card")
    returned = customer.http.post("/api/v1/refund", json={**back, "to": "balance"})
    assert (returned.status_code, returned.json()["value"]) == (201, "342.00")
    assert customer.payment(payment["id"])["refunded_value"] == "1342.00"
    assert customer.available() == "342.00"
    over = customer.http.post("/api/v1/refund", json=back)
    assert (over.status_code, over.json()["code"]) == (409, "refund_exceeds_payment")


def test_the_books_agree_after_the_journeys(suite):
    done = suite.run(".venv/bin/billing", "verify", "--provider", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
