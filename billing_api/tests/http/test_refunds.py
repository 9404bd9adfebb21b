"""Refunds over HTTP: shapes, headers, refusals and callers."""

import pytest
from billing_parts.debits import ADMIN, BODY, CHARGE, FINANCE, STAFF, balance

from billing.platform.ids import new_id

REFUND = "/api/v1/refund"
WHY = {"currency": "RUB", "reason": "Передумал"}


@pytest.fixture
def paid(api, client, eventually):
    """A payment of the customer that was paid, as our API shows it."""

    def make(value="1342.00"):
        made = client.post("/api/v1/payment", json={"value": value, "currency": "RUB"}).json()
        [theirs] = api.sandbox.payments_of(made["id"])
        api.sandbox.succeed(theirs["id"])
        path = f"/api/v1/payment/{made['id']}"
        eventually(lambda: client.get(path).json()["status"] == "succeeded")
        return client.get(path).json()

    return make


def test_a_refund_is_as_the_contract_says(client, paid):
    payment = paid()
    body = {"payment_id": payment["id"], "value": 342.00, **WHY}
    answer = client.post(REFUND, json=body)
    assert answer.status_code == 201
    refund = answer.json()
    assert answer.headers["location"] == f"{REFUND}/{refund['id']}"
    assert refund == {
        "id": refund["id"],
        "payment_id": payment["id"],
        "status": "succeeded",
        "value": "342.00",
        "currency": "RUB",
        "reason": "Передумал",
        "to": "card",
        "created_at": refund["created_at"],
    }
    assert client.get(answer.headers["location"]).json() == refund
    assert client.get(REFUND).json() == {"items": [refund], "next_cursor": None}
    assert balance(client) == ("1000.00", "0.00")
    seen = client.get(f"/api/v1/payment/{payment['id']}").json()
    assert (seen["status"], seen["captured_value"], seen["refunded_value"]) == (
        "succeeded",
        "1342.00",
        "342.00",
    )
    statement = client.get("/api/v1/statement").json()
    assert [line["kind"] for line in statement["lines"]] == ["payment", "refund_reserved", "refund"]
    assert statement["closing_balance"] == "1000.00"
    assert {line["payment_id"] for line in statement["lines"]} == {payment["id"]}


def test_without_a_value_all_that_is_left_goes_back(client, paid):
    payment = paid()
    client.post(REFUND, json={"payment_id": payment["id"], "value": "1000.00", **WHY})
    rest = client.post(REFUND, json={"payment_id": payment["id"], **WHY})
    assert (rest.status_code, rest.json()["value"]) == (201, "342.00")
    assert balance(client) == ("0.00", "0.00")


def test_each_refusal_has_its_code_and_changes_nothing(client, paid, check_problem):
    payment = paid("10.00")
    unpaid = client.post("/api/v1/payment", json={"value": "10.00", "currency": "RUB"}).json()

    def ask(**body):
        return client.post(REFUND, json={"payment_id": payment["id"], **WHY, **body})

    check_problem(ask(value="10.01"), 409, "refund_exceeds_payment")
    check_problem(ask(value="9.50"), 409, "refund_leaves_too_little")
    check_problem(ask(payment_id=unpaid["id"]), 409, "payment_not_refundable")
    check_problem(ask(to="balance"), 409, "nothing_spent")
    check_problem(ask(payment_id=str(new_id())), 404, "payment_not_found")
    check_problem(ask(payment_id="no-id-at-all"), 404, "payment_not_found")
    for bad in ("0", "0.00", "0.99", "-1.00", "1.001", "1e2", "NaN", ""):
        check_problem(ask(value=bad), 422, "validation_error")
    for bad in ({"currency": "USD"}, {"currency": "ABC"}, {"reason": " "}, {"to": "moon"}):
        check_problem(ask(**bad), 422, "validation_error")
    for left_out in ("currency", "reason"):
        body = {"payment_id": payment["id"], **WHY}
        del body[left_out]
        check_problem(client.post(REFUND, json=body), 422, "validation_error")
    assert client.get(REFUND).json()["items"] == []
    assert balance(client) == ("10.00", "0.00")


def test_what_was_spent_is_402_for_the_card_and_comes_back_to_the_balance(
    api, client, customer, paid, check_problem
):
    payment = paid("100.00")
    assert client.post(CHARGE, json={**BODY, "value": "60.00"}).status_code == 201
    answer = client.post(REFUND, json={"payment_id": payment["id"], **WHY})
    assert check_problem(answer, 402, "insufficient_funds")["missing"] == "60.00"
    back = {"payment_id": payment["id"], "value": "59.99", "to": "balance", **WHY}
    given = client.post(REFUND, json=back)
    assert (given.status_code, given.json()["status"]) == (201, "succeeded")
    assert balance(client) == ("99.99", "0.00")
    assert client.get(CHARGE).json()["items"][0]["reversed_value"] == "59.99"
    with api.client("shop", "billing:charge", client_id="shop") as shop:
        key = {"Idempotency-Key": str(new_id())}
        sold = {**BODY, "value": "40.00", "customer_id": customer}
        assert shop.post(CHARGE, json=sold, headers=key).status_code == 201
    body = {"payment_id": payment["id"], "value": "40.00", "to": "balance", **WHY}
    check_problem(client.post(REFUND, json=body), 409, "nothing_spent")
    with api.client("support-person", STAFF) as support:
        assert support.post(REFUND, json=body).status_code == 201


def test_a_customer_refunds_and_sees_only_the_own_payments(api, client, paid, check_problem):
    payment = paid()
    with api.client("somebody-else") as other:
        body = {"payment_id": payment["id"], **WHY}
        check_problem(other.post(REFUND, json=body), 404, "payment_not_found")
    refund = client.post(REFUND, json={"payment_id": payment["id"], "value": 1, **WHY}).json()
    with api.client("somebody-else") as other:
        check_problem(other.get(f"{REFUND}/{refund['id']}"), 404, "refund_not_found")
        assert other.get(REFUND).json()["items"] == []


@pytest.mark.parametrize("scopes", [STAFF, FINANCE, ADMIN])
def test_staff_refund_anybodys_payment(api, client, customer, paid, scopes):
    payment = paid()
    with api.client("a-person-of-staff", scopes) as staff:
        body = {"payment_id": payment["id"], "value": "100.00", **WHY}
        answer = staff.post(REFUND, json=body)
        assert answer.status_code == 201, answer.text
        listed = staff.get(REFUND, params={"customer_id": customer}).json()["items"]
        assert listed == [answer.json()]
    assert balance(client) == ("1242.00", "0.00")


def test_a_program_that_charges_does_not_refund(shop, client, paid, check_problem):
    body = {"payment_id": paid()["id"], **WHY}
    check_problem(shop.post(REFUND, json=body), 403, "forbidden")


def test_an_unknown_outcome_is_202_with_retry_after_and_ends_by_itself(
    api, client, paid, eventually
):
    payment = paid()
    api.sandbox.control(
        "/faults", method="POST", path="/v3/refunds*", mode="error_500_after", times=1
    )
    headers = {"Idempotency-Key": str(new_id())}
    body = {"payment_id": payment["id"], **WHY}
    answer = client.post(REFUND, json=body, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert answer.headers["retry-after"] == "5"
    path = f"{REFUND}/{answer.json()['id']}"
    eventually(lambda: client.get(path).json()["status"] == "succeeded")
    final = client.post(REFUND, json=body, headers=headers)
    assert (final.status_code, final.json()) == (201, client.get(path).json())


def test_one_of_the_cabinet_is_seen_by_the_customer(api, client, paid, eventually):
    payment = paid()
    [theirs] = api.sandbox.payments_of(payment["id"])
    api.sandbox.control("/refunds", payment_id=theirs["id"])
    eventually(lambda: client.get(REFUND).json()["items"])
    [refund] = client.get(REFUND).json()["items"]
    assert (refund["status"], refund["value"]) == ("succeeded", "1342.00")
    assert balance(client) == ("0.00", "0.00")


def test_adjusted_money_is_no_payment(client, fund, check_problem):
    given = fund().json()
    body = {"payment_id": given["id"], **WHY}
    check_problem(client.post(REFUND, json=body), 404, "payment_not_found")
