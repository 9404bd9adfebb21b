"""The review over HTTP: its pages, what cannot be asked, who may ask, and repeats."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from billing_parts.debits import ADMIN, FINANCE
from billing_parts.reviews import CLOSE, RELEASE, REVIEW, listed, one, resolve

from billing.platform.ids import new_id

REPLAYED = "idempotent-replayed"


async def test_pages_are_newest_first_and_join(
    held_back, held_refund, paid_late, debtor, customer, support
):
    made = [held_back(), held_refund(), paid_late()]
    await debtor.owe(100)
    [debt] = [each for each in listed(support) if each["kind"] == "receivable"][:1]
    made += [debt["id"], held_back()]
    assert debt["customer_id"] == customer
    for limit in (1, 2, 100):
        ids = [item["id"] for item in listed(support, limit=limit)]
        assert ids == sorted(set(ids), reverse=True)
        assert [item for item in ids if item in made] == made[::-1]
    for query, wanted in (
        ({"kind": "payment"}, [made[4], made[2], made[0]]),
        ({"kind": "refund"}, [made[1]]),
        ({"kind": "receivable"}, [made[3]]),
        ({"reason": "amount_mismatch"}, [made[4], made[1], made[0]]),
        ({"kind": "payment", "reason": "amount_mismatch"}, [made[4], made[0]]),
        ({"reason": "paid_after_cancel_request"}, [made[2]]),
        ({"reason": "customer_owes"}, [made[3]]),
        ({"kind": "receivable", "reason": "amount_mismatch"}, []),
        ({"reason": "no_such_word"}, []),
    ):
        for limit in (1, 100):
            items = listed(support, limit=limit, **query)
            assert [item["id"] for item in items if item["id"] in made] == wanted, query
            assert all(item[name] == word for item in items for name, word in query.items())


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"kind": "charge"},
        {"reason": "x" * 101}, {"reason": "\x00"},
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_422(support, check_problem, query):
    check_problem(support.get(REVIEW, params=query), 422, "validation_error")


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"action": "close"}, {"reason": "x"}, {**CLOSE, "action": "refund"},
        {**CLOSE, "reason": ""}, {**CLOSE, "reason": "  "}, {**CLOSE, "reason": "x" * 501},
        {**CLOSE, "reason": 5}, {**CLOSE, "reason": "\x00"}, {**CLOSE, "more": 1},
        {**CLOSE, "provider_id": "abc"}, {**RELEASE, "provider_id": "../payments"},
        {**RELEASE, "provider_id": ""}, {**RELEASE, "provider_id": 5}, {**CLOSE, "action": None},
    ],
)  # fmt: skip
def test_a_decision_that_says_nothing_is_422(held_back, finance, check_problem, body):
    check_problem(resolve(finance, new_id(), body), 422, "validation_error")


def test_what_is_not_json_is_400(finance, check_problem):
    answer = finance.post(f"{REVIEW}/{new_id()}/resolve", content=b"{")
    check_problem(answer, 400, "malformed_body")


# Written out: two processes collect the tests, and must find them under the same names.
NOWHERE = "01a21fae-0501-7665-8d75-dfd0cca11fc7"


@pytest.mark.parametrize("item_id", [NOWHERE, "nonsense", "%00"])
def test_what_is_not_there_is_404(finance, check_problem, item_id):
    check_problem(finance.get(f"{REVIEW}/{item_id}"), 404, "review_item_not_found")
    for body in (CLOSE, RELEASE):
        check_problem(resolve(finance, item_id, body), 404, "review_item_not_found")


def test_a_repeat_is_the_same_bytes_and_is_decided_once(held_back, api, finance, check_problem):
    payment_id, key = held_back(), str(new_id())
    first = resolve(finance, payment_id, RELEASE, key)
    api.sandbox.fault("html_502", method="GET", times=1000)
    second = resolve(finance, payment_id, RELEASE, key)
    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers[REPLAYED] == "true"
    assert REPLAYED not in first.headers
    check_problem(resolve(finance, payment_id, CLOSE, key), 422, "idempotency_key_reused")
    assert len(one(finance, payment_id)["known"]["decisions"]) == 1


def test_many_at_once_under_one_key_are_decided_once(held_back, api, finance, client):
    payment_id, key = held_back(), str(new_id())

    def call(_):
        with api.client("finance-person", FINANCE) as own:
            return resolve(own, payment_id, RELEASE, key)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(call, range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sum(REPLAYED in answer.headers for answer in answers) == 5
    assert len(one(finance, payment_id)["known"]["decisions"]) == 1
    assert client.get("/api/v1/balance").json()["items"][0]["available"] == "6.00"


def test_support_reads_finance_and_admins_decide_and_customers_know_nothing(
    api, held_back, client, support, check_problem
):
    payment_id = held_back()
    assert one(support, payment_id)["actions"] == ["release", "close"]
    check_problem(resolve(support, payment_id, CLOSE), 403, "forbidden")
    for path in (REVIEW, f"{REVIEW}/{payment_id}"):
        check_problem(client.get(path), 403, "forbidden")
    check_problem(resolve(client, payment_id, CLOSE), 403, "forbidden")
    with api.client() as nobody:
        check_problem(nobody.get(REVIEW), 401, "unauthorized")
        check_problem(resolve(nobody, payment_id, CLOSE), 401, "unauthorized")
    with api.client("an-admin", ADMIN) as admin:
        decided = resolve(admin, payment_id, CLOSE)
    assert decided.json()["known"]["decisions"][0]["decided_by"] == "an-admin"
