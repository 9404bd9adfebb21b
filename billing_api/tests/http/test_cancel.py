"""Canceling over HTTP: statuses, headers, who may, what cannot be sent."""

import pytest

from billing.platform.ids import new_id

STAFF = "payments:read payments:write balance:read payments:read_all"


@pytest.fixture
def client(api, customer):
    with api.client(customer) as client:
        yield client


@pytest.fixture
def payment(client):
    return client.post("/api/v1/payment", json={"value": "10.00", "currency": "RUB"}).json()


def address(payment):
    return f"/api/v1/payment/{payment['id']}/cancel"


def test_an_unpaid_payment_is_202_and_not_payable(client, payment):
    answer = client.post(address(payment))
    assert answer.status_code == 202
    assert int(answer.headers["retry-after"]) > 0
    canceled = answer.json()
    assert set(canceled) == set(payment)
    assert canceled["cancel_requested_at"] is not None
    assert (canceled["status"], canceled["confirmation_url"]) == ("pending", None)
    assert client.get(f"/api/v1/payment/{payment['id']}").json() == canceled
    page = client.get(f"/pay/return/{payment['id']}/state").json()
    assert page == {"status": "cancel_requested", "final": False}
    assert "Отмена запрошена" in client.get(f"/pay/return/{payment['id']}").text


def test_paid_all_the_same_it_succeeds_and_is_credited(api, client, payment, eventually):
    client.post(address(payment))
    [theirs] = api.sandbox.payments_of(payment["id"])
    api.sandbox.succeed(theirs["id"])
    path = f"/api/v1/payment/{payment['id']}"
    eventually(lambda: client.get(path).json()["status"] == "succeeded")
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "10.00"


@pytest.mark.parametrize("end", ["succeed", "cancel"])
def test_a_final_payment_is_409(api, client, payment, check_problem, end):
    [theirs] = api.sandbox.payments_of(payment["id"])
    getattr(api.sandbox, end)(theirs["id"])
    problem = check_problem(client.post(address(payment)), 409, "payment_final")
    assert {"succeed": "succeeded", "cancel": "canceled"}[end] in problem["detail"]


def test_a_final_answer_is_replayed_and_one_before_it_is_not(api, client, payment, eventually):
    key = {"Idempotency-Key": "cancel-1"}
    assert client.post(address(payment), headers=key).status_code == 202
    [theirs] = api.sandbox.payments_of(payment["id"])
    api.sandbox.cancel(theirs["id"])
    path = f"/api/v1/payment/{payment['id']}"
    eventually(lambda: client.get(path).json()["status"] == "canceled")
    first = client.post(address(payment), headers=key)
    second = client.post(address(payment), headers=key)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert first.content == second.content


def test_staff_cancel_anybodys_and_the_feed_says_who(api, payment, customer):
    with api.client("support-person", STAFF) as staff:
        assert staff.post(address(payment)).status_code == 202
    [[data]] = api.sql(
        "SELECT data FROM changes WHERE object_id = %s ORDER BY version DESC LIMIT 1",
        payment["id"],
    )
    assert (data["customer_id"], data["cancel_requested_by"]) == (customer, "support-person")


def test_what_is_not_there_or_not_theirs_is_404(api, client, payment, check_problem):
    for unknown in (str(new_id()), "nonsense", "%00"):
        answer = client.post(f"/api/v1/payment/{unknown}/cancel")
        check_problem(answer, 404, "payment_not_found")
    with api.client(str(new_id())) as stranger:
        check_problem(stranger.post(address(payment)), 404, "payment_not_found")
    assert client.get(f"/api/v1/payment/{payment['id']}").json()["cancel_requested_at"] is None


def test_a_program_needs_a_key(api, payment, check_problem):
    with api.client("shop", STAFF, client_id="shop") as program:
        answer = program.post(address(payment))
        check_problem(answer, 400, "idempotency_key_required")
        key = {"Idempotency-Key": f"cancel-{payment['id']}"}
        assert program.post(address(payment), headers=key).status_code == 202


def test_one_key_for_two_payments_is_refused(client, payment, check_problem):
    other = client.post("/api/v1/payment", json={"value": "11.00", "currency": "RUB"}).json()
    key = {"Idempotency-Key": "cancel-two"}
    assert client.post(address(payment), headers=key).status_code == 202
    answer = client.post(address(other), headers=key)
    check_problem(answer, 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{}", 202, None),
        (b" {} ", 202, None),
        (b'{"reason": "x"}', 422, "validation_error"),
        (b"[]", 422, "validation_error"),
        (b"{", 400, "malformed_body"),
        (b"x" * 70_000, 413, "body_too_large"),
    ],
)
def test_the_body_is_empty_or_an_empty_object(
    client, payment, check_problem, content, status, code
):
    answer = client.post(address(payment), content=content)
    if code is None:
        assert answer.status_code == status
    else:
        check_problem(answer, status, code)
