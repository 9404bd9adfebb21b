"""The review over HTTP: what waits for a person, the legal ways out, and what becomes of it."""

import pytest
from billing_parts.reviews import CLOSE, RELEASE, REVIEW, listed, one, resolve

from billing.platform.ids import new_id

OLD = """
    INSERT INTO payments (id, customer_id, status, amount_minor, currency, return_url, undecided,
                          created_at, updated_at, version)
    VALUES (%s, %s, 'pending', 1000, 'RUB', 'https://shop.test/', %s,
            now() - %s::interval, now(), 1)
"""


def test_a_held_payment_shows_what_is_known_and_its_ways_out(held_back, support, client, customer):
    payment_id = held_back()
    [item] = [item for item in listed(support) if item["id"] == payment_id]
    assert item == one(support, payment_id)
    known = item.pop("known")
    assert item.pop("since").endswith("Z")
    assert item == {
        "id": payment_id,
        "kind": "payment",
        "reason": "amount_mismatch",
        "customer_id": customer,
        "actions": ["release", "close"],
    }
    assert known["payment"] == client.get(f"/api/v1/payment/{payment_id}").json()
    assert known["provider_id"]
    assert (known["provider_status"], known["decisions"]) == ("succeeded", [])
    attempt = known["last_attempt"]
    assert (attempt["kind"], attempt["state"], attempt["sends"]) == ("create", "accepted", 1)


def test_released_it_is_credited_and_the_item_says_so(held_back, finance, client):
    payment_id = held_back()
    answer = resolve(finance, payment_id, RELEASE)
    assert answer.status_code == 200, answer.text
    item = answer.json()
    assert item == one(finance, payment_id)
    assert (item["reason"], item["since"], item["actions"]) == (None, None, [])
    assert item["known"]["payment"]["status"] == "succeeded"
    [decision] = item["known"]["decisions"]
    assert decision.pop("at").endswith("Z")
    assert decision == {**RELEASE, "found": "amount_mismatch", "decided_by": "finance-person"}
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "6.00"
    assert payment_id not in {item["id"] for item in listed(finance)}


def test_what_still_disagrees_stays_held(held_back, finance, client, check_problem):
    payment_id = held_back(wrong=True)
    problem = check_problem(resolve(finance, payment_id, RELEASE), 409, "still_disagrees")
    assert "amount_mismatch" in problem["detail"]
    item = one(finance, payment_id)
    assert (item["reason"], item["known"]["decisions"]) == ("amount_mismatch", [])
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "0.00"


def test_closed_it_is_canceled_and_not_decided_twice(held_back, finance, check_problem):
    payment_id = held_back()
    closed = resolve(finance, payment_id, CLOSE).json()
    payment = closed["known"]["payment"]
    assert (payment["status"], payment["cancellation_reason"]) == ("canceled", "closed_by_staff")
    assert (closed["reason"], closed["actions"]) == (None, [])
    for body in (CLOSE, RELEASE):
        check_problem(resolve(finance, payment_id, body), 409, "decision_not_open")
    assert len(one(finance, payment_id)["known"]["decisions"]) == 1


def test_a_silent_provider_is_504_and_nothing_is_changed(api, held_back, finance, check_problem):
    payment_id = held_back()
    api.sandbox.fault("html_502", method="GET", times=1000)
    answer = resolve(finance, payment_id, RELEASE, "the-same")
    check_problem(answer, 504, "provider_silent")
    assert answer.headers["retry-after"]
    assert one(finance, payment_id)["reason"] == "amount_mismatch"
    api.sandbox.calm()
    assert resolve(finance, payment_id, RELEASE, "the-same").status_code == 200


def test_an_object_that_we_do_not_know_is_named(unnamed, pay, finance, client, check_problem):
    payment_id, provider_id = unnamed()
    _, another = pay()
    check_problem(resolve(finance, payment_id, RELEASE), 409, "provider_id_needed")
    for named, code in (
        (str(new_id()), "provider_shows_nothing"),
        (another, "still_disagrees"),
    ):
        answer = resolve(finance, payment_id, {**RELEASE, "provider_id": named})
        check_problem(answer, 409, code)
    assert one(finance, payment_id)["actions"] == ["release", "close"]
    done = resolve(finance, payment_id, {**RELEASE, "provider_id": provider_id})
    assert done.status_code == 200, done.text
    assert done.json()["known"]["provider_id"] == provider_id
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "10.00"


def test_another_object_than_the_known_one_is_refused(held_back, finance, check_problem):
    payment_id = held_back()
    answer = resolve(finance, payment_id, {**RELEASE, "provider_id": str(new_id())})
    check_problem(answer, 409, "still_disagrees")


def test_paid_after_a_wish_to_cancel_is_only_closed(paid_late, finance, check_problem):
    payment_id = paid_late()
    item = one(finance, payment_id)
    assert (item["reason"], item["actions"]) == ("paid_after_cancel_request", ["close"])
    check_problem(resolve(finance, payment_id, RELEASE), 409, "decision_not_open")
    closed = resolve(finance, payment_id, CLOSE).json()
    assert (closed["reason"], closed["known"]["payment"]["status"]) == (None, "succeeded")
    check_problem(resolve(finance, payment_id, CLOSE), 409, "decision_not_open")


@pytest.mark.parametrize(
    ("age", "undecided", "reason"),
    [("5 days", False, "open_for_days"), ("1 hour", True, "undecided"), ("1 hour", False, None)],
)
def test_what_the_worker_goes_on_with_is_shown_and_not_decided(
    api, customer, finance, check_problem, age, undecided, reason
):
    payment_id = str(new_id())
    api.sql(OLD, payment_id, customer, undecided, age)
    item = one(finance, payment_id)
    assert (item["reason"], item["actions"]) == (reason, [])
    for body in (CLOSE, RELEASE):
        check_problem(resolve(finance, payment_id, body), 409, "decision_not_open")
    found = {item["id"] for item in listed(finance, reason=reason or "")}
    assert (payment_id in found) is (reason is not None)


def test_what_nobody_waits_for_is_not_closed_in_advance(
    api, client, pay, finance, eventually, check_problem
):
    payment_id, provider_id = pay()
    api.sandbox.succeed(provider_id)
    path = f"/api/v1/payment/{payment_id}"
    eventually(lambda: client.get(path).json()["status"] == "succeeded")
    check_problem(resolve(finance, payment_id, CLOSE), 409, "decision_not_open")


def test_a_held_refund_shows_what_is_known_and_is_released(held_refund, finance, client, customer):
    refund_id = held_refund()
    [item] = [item for item in listed(finance, kind="refund") if item["id"] == refund_id]
    assert item == one(finance, refund_id)
    known = item.pop("known")
    assert item.pop("since").endswith("Z")
    assert item == {
        "id": refund_id,
        "kind": "refund",
        "reason": "amount_mismatch",
        "customer_id": customer,
        "actions": ["release", "close"],
    }
    assert known["refund"] == client.get(f"/api/v1/refund/{refund_id}").json()
    assert known["provider_id"]
    attempt = known["last_attempt"]
    assert (attempt["kind"], attempt["state"], attempt["sends"]) == ("refund", "accepted", 1)
    assert (known["cancellation_reason"], known["decisions"]) == (None, [])
    done = resolve(finance, refund_id, RELEASE).json()
    assert done == one(finance, refund_id)
    assert (done["reason"], done["since"], done["actions"]) == (None, None, [])
    assert done["known"]["refund"]["status"] == done["known"]["provider_status"] == "succeeded"
    [decision] = done["known"]["decisions"]
    assert (decision["found"], decision["decided_by"]) == ("amount_mismatch", "finance-person")
    payment = one(finance, done["known"]["refund"]["payment_id"])
    assert payment["known"]["decisions"] == [], "decided about the refund, not about its payment"
    assert payment["known"]["last_attempt"]["kind"] == "create"


def test_a_closed_refund_is_back_on_the_balance(held_refund, finance, client, check_problem):
    refund_id = held_refund(ended=False)
    another = resolve(finance, refund_id, {**RELEASE, "provider_id": str(new_id())})
    check_problem(another, 409, "still_disagrees")
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "6.00"
    closed = resolve(finance, refund_id, CLOSE).json()
    assert closed["known"]["refund"]["status"] == "canceled"
    assert closed["known"]["cancellation_reason"] == "closed_by_staff"
    assert (closed["reason"], closed["actions"]) == (None, [])
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "10.00"
    for body in (CLOSE, RELEASE):
        check_problem(resolve(finance, refund_id, body), 409, "decision_not_open")


async def test_a_debt_is_shown_until_it_is_repaid(debtor, customer, finance, check_problem):
    await debtor.owe(15_000)
    [item] = [each for each in listed(finance) if each["customer_id"] == customer]
    assert item == one(finance, item["id"])
    assert item.pop("since").endswith("Z")
    assert item == {
        "id": item["id"],
        "kind": "receivable",
        "reason": "customer_owes",
        "customer_id": customer,
        "known": {"value": "150.00", "currency": "RUB"},
        "actions": [],
    }
    for body in (CLOSE, RELEASE):
        check_problem(resolve(finance, item["id"], body), 409, "decision_not_open")
    await debtor.fund(5_000)
    await debtor.owe(1_000)
    assert one(finance, item["id"])["known"]["value"] == "110.00", "the same debt goes on"
    await debtor.fund(11_000)
    check_problem(finance.get(f"{REVIEW}/{item['id']}"), 404, "review_item_not_found")
    await debtor.owe(100)
    [another] = [each for each in listed(finance) if each["customer_id"] == customer]
    assert another["id"] > item["id"]
