"""Every bad input gets problem+json with a stable code and changes nothing."""

import base64
import json

import pytest

PAYMENT = "/api/v1/payment"
GOOD = {"value": "10.00", "currency": "RUB"}


def _body(**changes):
    return json.dumps({**GOOD, **changes}).encode()


BODIES = {
    "amount zero": (_body(value=0), 422),
    "amount negative": (_body(value="-1.00"), 422),
    "three decimals": (b'{"value": 1.005, "currency": "RUB"}', 422),
    "three decimals in a string": (_body(value="1.005"), 422),
    "NaN": (b'{"value": NaN, "currency": "RUB"}', (400, 422)),
    "Infinity": (b'{"value": Infinity, "currency": "RUB"}', (400, 422)),
    "the string NaN": (_body(value="NaN"), 422),
    "exponent": (_body(value="1e5"), 422),
    "exponent as a number": (b'{"value": 1e5, "currency": "RUB"}', 422),
    "huge exponent": (b'{"value": 1e400, "currency": "RUB"}', 422),
    "leading space": (_body(value=" 10"), 422),
    "Arabic digits": (_body(value="١٢"), 422),
    "underscore": (_body(value="1_000"), 422),
    "comma": (_body(value="10,00"), 422),
    "letters": (_body(value="abc"), 422),
    "empty": (_body(value=""), 422),
    "null": (_body(value=None), 422),
    "list": (_body(value=[1]), 422),
    "object": (_body(value={"a": 1}), 422),
    "boolean": (_body(value=True), 422),
    "under the least": (_body(value="0.99"), 422),
    "over the limit": (_body(value="350000.01"), 422),
    "far over the limit": (_body(value="9" * 300), 422),
    "no amount": (b'{"currency": "RUB"}', 422),
    "currency unknown": (_body(currency="XXX"), 422),
    "currency lower case": (_body(currency="rub"), 422),
    "currency empty": (_body(currency=""), 422),
    "currency null": (_body(currency=None), 422),
    "currency foreign": (_body(currency="USD"), 422),
    "description too long": (_body(description="я" * 129), 422),
    "description with NUL": (_body(description="a\x00b"), 422),
    "description with a lone surrogate": (
        b'{"value": 10, "currency": "RUB", "description": "\\ud800"}',
        422,
    ),
    "description a number": (_body(description=5), 422),
    "unknown field": (_body(role="admin"), 422),
    "an id of the client's": (_body(id="0198c0de-0000-7000-8000-000000000000"), 422),
    "return_url of a stranger": (_body(return_url="https://evil.test/x"), 422),
    "return_url not a URL": (_body(return_url="javascript:alert(1)"), 422),
    "a list as the body": (b"[]", 422),
    "a number as the body": (b"5", 422),
    "broken JSON": (b'{"value": 10', 400),
    "empty body": (b"", 400),
    "not UTF-8": (b'{"value": 10, "currency": "RUB", "description": "\xff\xfe"}', 400),
    "20 000 brackets": (b"[" * 20_000, 400),
    "20 000 nested objects": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, (400, 422)),
    "100 kB": (_body(description="x" * 100_000), 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_payment_is_refused_and_nothing_is_made(alice, name, check_problem):
    body, status = BODIES[name]
    check_problem(alice.create(body), status)
    assert alice.http.get(PAYMENT).json()["items"] == []


@pytest.mark.parametrize("value", ["1.00", "350000.00", "10", "10.5"])
def test_amounts_at_the_limits_are_taken(new_customer, value):
    payment = new_customer().created(_body(value=value))
    whole, _, decimals = value.partition(".")
    assert payment["value"] == f"{whole}.{decimals:0<2}"


def test_a_description_of_128_letters_is_taken_and_of_none_too(new_customer):
    customer = new_customer()
    assert customer.created(_body(description="я" * 128))["description"] == "я" * 128
    assert customer.created(_body())["description"] is None


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=100000", "limit=-1", "limit=abc", "limit=", "cursor=abc",
        "cursor=%00", "cursor=", "status=paid",
        "cursor=" + base64.urlsafe_b64encode(b'{"a":1}').decode(),
    ],
)  # fmt: skip
def test_a_bad_query_is_refused(alice, query, check_problem):
    if query == "cursor=":
        assert alice.http.get(f"{PAYMENT}?{query}").status_code in {200, 422}
        return
    check_problem(alice.http.get(f"{PAYMENT}?{query}"), 422)


@pytest.mark.parametrize(
    "payment_id",
    [
        "0198c0de-0000-7000-8000-000000000000",
        "abc",
        "1",
        "'; DROP TABLE payments",
        "%00",
        "x" * 3000,
    ],
)
def test_an_unknown_or_malformed_id_is_not_found(alice, payment_id, check_problem):
    check_problem(
        alice.http.get(f"{PAYMENT}/{payment_id}"), (404,) if "%00" not in payment_id else (400, 404)
    )


def test_a_number_of_documented_paths_refuse_other_methods(alice, check_problem):
    check_problem(alice.http.delete(PAYMENT), 405)
    check_problem(alice.http.get("/api/v1/nothing"), 404)
