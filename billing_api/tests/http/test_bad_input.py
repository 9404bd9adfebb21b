"""Whatever strangers send gets problem+json with a stable code, and changes nothing."""

import json

import httpx
import pytest

JSON = {"Content-Type": "application/json"}
GOOD = '"value": "10.00", "currency": "RUB"'


def body(**members) -> bytes:
    return json.dumps({"value": "10.00", "currency": "RUB", **members}).encode()


BODIES = [
    ("amount 0", b'{"value": 0, "currency": "RUB"}', 422, "validation_error"),
    ("amount 0.00", body(value="0.00"), 422, "validation_error"),
    ("amount negative", body(value="-5.00"), 422, "validation_error"),
    ("number negative", b'{"value": -5, "currency": "RUB"}', 422, "validation_error"),
    ("three decimals", body(value="10.001"), 422, "validation_error"),
    ("three decimals, number", b'{"value": 10.001, "currency": "RUB"}', 422, "validation_error"),
    ("three zero decimals", b'{"value": 10.000, "currency": "RUB"}', 422, "validation_error"),
    ("NaN", b'{"value": NaN, "currency": "RUB"}', 400, "malformed_body"),
    ("Infinity", b'{"value": Infinity, "currency": "RUB"}', 400, "malformed_body"),
    ("NaN as text", body(value="NaN"), 422, "validation_error"),
    ("Infinity as text", body(value="Infinity"), 422, "validation_error"),
    ("exponent as text", body(value="1e5"), 422, "validation_error"),
    ("exponent", b'{"value": 1e5, "currency": "RUB"}', 422, "validation_error"),
    ("huge exponent", b'{"value": 1e400, "currency": "RUB"}', 422, "validation_error"),
    ("leading blank", body(value=" 10"), 422, "validation_error"),
    ("trailing newline", body(value="10\n"), 422, "validation_error"),
    ("underscore", body(value="1_000"), 422, "validation_error"),
    ("comma", body(value="10,00"), 422, "validation_error"),
    ("arabic digits", body(value="١٢"), 422, "validation_error"),
    ("letters", body(value="abc"), 422, "validation_error"),
    ("empty amount", body(value=""), 422, "validation_error"),
    ("null amount", body(value=None), 422, "validation_error"),
    ("list amount", body(value=[10]), 422, "validation_error"),
    ("object amount", body(value={"a": 1}), 422, "validation_error"),
    ("true amount", body(value=True), 422, "validation_error"),
    ("no amount", b'{"currency": "RUB"}', 422, "validation_error"),
    ("under the limit", body(value="0.99"), 422, "validation_error"),
    ("over the limit", body(value="350000.01"), 422, "validation_error"),
    ("far over the limit", body(value="9" * 5000), 422, "validation_error"),
    ("number of 5000 digits", b'{"value": %s, "currency": "RUB"}' % (b"9" * 5000), 422,
     "validation_error"),
    ("currency XXX", body(currency="XXX"), 422, "validation_error"),
    ("currency USD", body(currency="USD"), 422, "validation_error"),
    ("currency rub", body(currency="rub"), 422, "validation_error"),
    ("currency empty", body(currency=""), 422, "validation_error"),
    ("currency null", body(currency=None), 422, "validation_error"),
    ("currency number", b'{"value": "10.00", "currency": 643}', 422, "validation_error"),
    ("no currency", b'{"value": "10.00"}', 422, "validation_error"),
    ("description of 129", body(description="x" * 129), 422, "validation_error"),
    ("description with NUL", body(description="a\x00b"), 422, "validation_error"),
    ("description with half a pair", b'{%s, "description": "\\ud800"}' % GOOD.encode(), 422,
     "validation_error"),
    ("description list", body(description=["x"]), 422, "validation_error"),
    ("description number", body(description=5), 422, "validation_error"),
    ("unknown field", body(extra=1), 422, "validation_error"),
    ("field of ours", body(status="succeeded"), 422, "validation_error"),
    ("foreign return host", body(return_url="https://evil.test/"), 422, "validation_error"),
    ("host as user", body(return_url="https://shop.test@evil.test/"), 422, "validation_error"),
    ("host with port", body(return_url="https://shop.test:444/"), 422, "validation_error"),
    ("back slash", body(return_url="https://shop.test\\@evil.test/"), 422, "validation_error"),
    ("script", body(return_url="javascript:alert(1)//shop.test"), 422, "validation_error"),
    ("relative", body(return_url="/back"), 422, "validation_error"),
    ("bad IPv6", body(return_url="https://[shop.test/"), 422, "validation_error"),
    ("long return_url", body(return_url="https://shop.test/" + "x" * 2048), 422,
     "validation_error"),
    ("broken JSON", b'{"value": "10.00", ', 400, "malformed_body"),
    ("empty body", b"", 400, "malformed_body"),
    ("not UTF-8", b'{"value": "\xff"}', 400, "malformed_body"),
    ("repeated member", b'{"value": "1.00", "value": "2.00", "currency": "RUB"}', 400,
     "malformed_body"),
    ("brackets", b"[" * 20_000, 400, "malformed_body"),
    ("closed brackets", b"[" * 20_000 + b"]" * 20_000, 400, "malformed_body"),
    ("deep object", b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400, "malformed_body"),
    ("a list", b"[]", 422, "validation_error"),
    ("a number", b"10", 422, "validation_error"),
    ("null", b"null", 422, "validation_error"),
    ("100 kB", body(description="x" * 100_000), 413, "body_too_large"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "status", "code"), [b[1:] for b in BODIES], ids=[b[0] for b in BODIES]
)
def test_a_bad_body_is_refused_and_changes_nothing(
    content, status, code, api, customer, check_problem
):
    with api.client(customer) as client:
        check_problem(client.post("/api/v1/payment", content=content, headers=JSON), status, code)
        assert client.get("/api/v1/payment").json() == {"items": [], "next_cursor": None}


def test_an_endless_body_is_cut(api, customer, check_problem):
    def chunks():
        for _ in range(100):
            yield b" " * 10_000

    with api.client(customer) as client:
        answer = client.post("/api/v1/payment", content=chunks(), headers=JSON)
    check_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize("media_type", ["application/xml", "multipart/form-data; boundary=a", "x"])
def test_another_media_type_is_refused(media_type, api, customer, check_problem):
    with api.client(customer) as client:
        answer = client.post(
            "/api/v1/payment", content=body(), headers={"Content-Type": media_type}
        )
    check_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_what_a_client_sends_unasked_is_read_as_json(media_type, api, customer):
    headers = {"Content-Type": media_type} if media_type else {}
    with api.client(customer) as client:
        answer = client.post("/api/v1/payment", content=body(), headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/api/v1/payment/", "/api/v1/balance/"])
def test_a_closing_slash_is_another_address(path, api, customer, check_problem):
    with api.client(customer) as client:
        check_problem(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "accepted",
    [
        b'{"value": 1342.00, "currency": "RUB"}',
        b'{"value": "1.00", "currency": "RUB", "description": null}',
        b'{"value": 350000, "currency": "RUB", "description": ""}',
        body(description="Ы" * 128),
        body(return_url="https://shop.test/back?o=7"),
        body(return_url="https://127.0.0.1:8443/pay/"),
    ],
)
def test_the_bounds_themselves_are_accepted(accepted, api, customer):
    with api.client(customer) as client:
        answer = client.post("/api/v1/payment", content=accepted, headers=JSON)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ключ".encode()])
def test_a_bad_key_is_refused(key, api, customer, check_problem):
    with api.client(customer) as client:
        answer = client.post(
            "/api/v1/payment", content=body(), headers={**JSON, "Idempotency-Key": key}
        )
    check_problem(answer, 422, "idempotency_key_invalid")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=100000", "limit=abc", "limit=-1", "limit=", "cursor=abc",
        "cursor=%00", "cursor=" + "A" * 22, "cursor=" + "x" * 5000, "status=paid",
        "status=PENDING", "limit=1.5", "limit=1e1", "cursor=%D1%8B",
    ],
)  # fmt: skip
def test_a_bad_list_query_is_refused(query, api, customer, check_problem):
    with api.client(customer) as client:
        check_problem(client.get(f"/api/v1/payment?{query}"), 422, "validation_error")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=5001", "wait=31", "wait=-1", "wait=nan", "wait=x", "after=x", "after=1",
     "after=1-", "after=-1-0", "after=99999999999999999999999-0", "after=0-99999999999999999999"],
)  # fmt: skip
def test_a_bad_feed_query_is_refused(query, api, check_problem):
    with api.client("admin-sync", "billing:changes", client_id="admin-sync") as client:
        check_problem(client.get(f"/api/v1/changes?{query}"), 422, "validation_error")


@pytest.mark.parametrize(
    "identity",
    ["1", "abc", "%00", "0196f3a0-7d5e-7cc3-98a5-6c1f0e0d1b2a", "%7B0196f3a0%7D", "x" * 300,
     "0196F3A0-7D5E-7CC3-98A5-6C1F0E0D1B2A", "00000000-0000-0000-0000-000000000000", "%D1%8B"],
)  # fmt: skip
def test_an_unknown_or_malformed_id_is_not_found(identity, api, customer, check_problem):
    with api.client(customer) as client:
        check_problem(client.get(f"/api/v1/payment/{identity}"), 404, "payment_not_found")


def test_a_strangers_payment_is_not_found(api, customer, check_problem):
    with api.client(customer) as client:
        created = client.post("/api/v1/payment", content=body(), headers=JSON).json()
        assert client.get(f"/api/v1/payment/{created['id']}").status_code == 200
    with api.client("a-stranger") as stranger:
        answer = stranger.get(f"/api/v1/payment/{created['id']}")
        check_problem(answer, 404, "payment_not_found")
        assert stranger.get("/api/v1/payment").json()["items"] == []


def test_staff_may_look_at_anybodys_payment(api, customer):
    with api.client(customer) as client:
        created = client.post("/api/v1/payment", content=body(), headers=JSON).json()
    with api.client("a-supporter", "payments:read payments:read_all") as staff:
        assert staff.get(f"/api/v1/payment/{created['id']}").json() == created


def test_a_program_must_bring_a_key(api, check_problem):
    with api.client("shop", "payments:write", client_id="shop") as client:
        answer = client.post("/api/v1/payment", content=body(), headers=JSON)
        check_problem(answer, 400, "idempotency_key_required")


def test_unknown_paths_and_methods_are_problems_too(api, check_problem):
    check_problem(httpx.get(f"{api.url}/api/v1/nothing"), 404, "not_found")
    answer = httpx.delete(f"{api.url}/api/v1/payment")
    check_problem(answer, 405, "method_not_allowed")


@pytest.mark.parametrize("given", ["abcdef12", "x" * 64, "A.b_c-9.z"])
def test_a_well_formed_request_id_is_kept(given, api):
    answer = httpx.get(f"{api.url}/health/live", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["short", "x" * 65, "with blank x", "a/b/c/d/e"])
def test_another_request_id_is_replaced(given, api):
    answer = httpx.get(f"{api.url}/api/v1/balance", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("name", ["value", "currency", "description", "return_url"])
def test_a_refused_field_is_named_by_its_pointer(name, api, customer):
    wrong = {"value": "1e5", "currency": "XXX", "description": "a" * 129, "return_url": "//a"}
    with api.client(customer) as client:
        answer = client.post("/api/v1/payment", content=body(**{name: wrong[name]}), headers=JSON)
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
