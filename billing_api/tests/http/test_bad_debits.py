"""Charges, holds and adjustments over HTTP: what cannot be sent, and changes nothing."""

import pytest
from billing_parts.debits import ADJUST, BODY, CHARGE, HOLD, STAFF, balance

BAD_DEBITS = {
    "zero": {"value": "0.00"},
    "a negative": {"value": "-1.00"},
    "half a kopeck": {"value": "0.005"},
    "another currency": {"currency": "USD"},
    "no reason": {"reason": ""},
    "blanks for a reason": {"reason": "   "},
    "a reason too long": {"reason": "x" * 501},
    "a number for a reason": {"reason": 5},
    "metadata that is a list": {"metadata": ["a"]},
    "metadata of numbers": {"metadata": {"a": 1}},
    "metadata within metadata": {"metadata": {"a": {"b": "c"}}},
    "too much metadata": {"metadata": {str(n): "x" for n in range(17)}},
    "a metadata name too long": {"metadata": {"x" * 33: "x"}},
    "something unknown": {"amount": "1.00"},
    "no customer": {"customer_id": ""},
    "more than can be paid in": {"value": "350000.01"},
}


# What a database keeps not: NUL, and half of a surrogate pair.
NO_TEXT = ["\\u0000", "\\ud800"]


@pytest.mark.parametrize("piece", NO_TEXT)
@pytest.mark.parametrize("place", ["reason", "name", "word", "customer_id"])
@pytest.mark.parametrize("path", [CHARGE, HOLD])
def test_what_is_no_text_is_refused_wherever_it_stands(
    shop, client, fund, customer, path, place, piece
):
    fund()
    parts = {"reason": "x", "name": "x", "word": "x", "customer_id": customer}
    parts[place] = f"x{piece}"
    sent = (
        f'{{"value": 1, "currency": "RUB", "reason": "{parts["reason"]}",'
        f' "customer_id": "{parts["customer_id"]}",'
        f' "metadata": {{"{parts["name"]}": "{parts["word"]}"}}}}'
    )
    answer = shop.post(path, content=sent, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert balance(client) == ("100.00", "0.00")


@pytest.mark.parametrize("path", [CHARGE, HOLD, ADJUST])
@pytest.mark.parametrize("query", ["customer_id=%00", "cursor=%00", "cursor=x", "limit=0"])
def test_a_list_refuses_what_cannot_be(api, check_problem, path, query):
    with api.client("support-person", STAFF) as staff:
        check_problem(staff.get(f"{path}?{query}"), 422, "validation_error")


def test_an_instant_is_the_same_however_it_is_spelled(shop, fund, customer, api):
    fund()
    [[day]] = api.sql("SELECT to_char(now() + interval '9 days', 'YYYY-MM-DD')")
    body = {**BODY, "customer_id": customer}
    first = shop.post(HOLD, json={**body, "expires_at": f"{day}T12:00:00Z"})
    again = shop.post(HOLD, json={**body, "expires_at": f"{day}T15:00:00.000+03:00"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


@pytest.mark.parametrize("path", [CHARGE, HOLD])
@pytest.mark.parametrize("name", BAD_DEBITS)
def test_a_debit_that_cannot_be_is_422(client, fund, check_problem, path, name):
    fund()
    answer = client.post(path, json={**BODY, **BAD_DEBITS[name]})
    check_problem(answer, 422, "validation_error")
    assert balance(client) == ("100.00", "0.00")


@pytest.mark.parametrize(
    "more",
    [
        {"expires_at": "tomorrow"},
        {"expires_at": "2026-01-01"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2100-01-01T00:00:00Z"},
        {"expires_at": 5},
    ],
)
def test_a_hold_ends_at_an_instant_within_a_month(client, fund, check_problem, more):
    fund()
    check_problem(client.post(HOLD, json={**BODY, **more}), 422, "validation_error")


@pytest.mark.parametrize(
    "more",
    [
        {"reason": ""},
        {"reason": None},
        {"value": "0"},
        {"kind": "gift"},
        {"customer_id": ""},
        {"customer_id": "x" * 256},
        {"expires_at": "2100-01-01T00:00:00Z"},
        {"kind": "promo", "expires_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_an_adjustment_that_cannot_be_is_422(fund, client, check_problem, more):
    check_problem(fund(**more), 422, "validation_error")
    assert balance(client) == ("0.00", "0.00")
