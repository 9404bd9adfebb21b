"""One key, one payment, for a day."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest


def test_a_hundred_creates_at_once_with_one_key_make_one_payment(sandbox):
    key = os.urandom(8).hex()
    with ThreadPoolExecutor(32) as pool:
        ids = set(pool.map(lambda _: sandbox.create(key)["id"], range(100)))
    assert len(ids) == 1


def test_a_repeat_shows_the_payment_as_it_is_now(sandbox):
    key = os.urandom(8).hex()
    payment = sandbox.create(key)
    sandbox.succeed(payment["id"])
    assert sandbox.create(key) == sandbox.get(payment["id"])


def test_the_order_of_fields_is_not_other_data(sandbox):
    key = os.urandom(8).hex()
    body = sandbox.body()
    turned = dict(reversed(body.items()))
    answers = [
        sandbox.call("POST", "/payments", json=one, headers={"Idempotence-Key": key}).json()
        for one in (body, turned)
    ]
    assert answers[0] == answers[1]


def test_a_key_stands_for_one_body_and_one_path(sandbox):
    key = os.urandom(8).hex()
    payment = sandbox.create(key)
    headers = {"Idempotence-Key": key}
    other = sandbox.body(description="other")
    for path, body in (("/payments", other), (f"/payments/{payment['id']}/cancel", {})):
        answer = sandbox.call("POST", path, json=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["description"] == "Idempotence key duplicated"
        assert answer.json()["parameter"] == "Idempotence-Key"


@pytest.mark.parametrize("key", ["", "x" * 65, "ключ".encode(), "a b"])
def test_a_key_is_one_to_sixty_four_plain_characters(sandbox, key):
    answer = sandbox.call(
        "POST", "/payments", json=sandbox.body(), headers={"Idempotence-Key": key}
    )
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Idempotence-Key")


def test_a_refusal_uses_up_its_key(sandbox):
    headers = {"Idempotence-Key": os.urandom(8).hex()}
    wrong = sandbox.body(amount={"value": "0.10", "currency": "RUB"})
    first = sandbox.call("POST", "/payments", json=wrong, headers=headers).json()
    again = sandbox.call("POST", "/payments", json=wrong, headers=headers).json()
    assert first["description"] == again["description"]
    assert first["id"] != again["id"]
    right = sandbox.call("POST", "/payments", json=sandbox.body(), headers=headers)
    assert right.json()["description"] == "Idempotence key duplicated"


def test_a_day_later_the_key_is_forgotten_and_the_payment_is_not(timed):
    payment = timed.create("a.day")
    timed.advance(86_399 - 5)
    assert timed.create("a.day")["id"] == payment["id"]
    timed.advance(10)
    assert timed.create("a.day")["id"] != payment["id"]
    gone = timed.get(payment["id"])
    assert gone["cancellation_details"] == {
        "party": "yoo_money",
        "reason": "expired_on_confirmation",
    }
