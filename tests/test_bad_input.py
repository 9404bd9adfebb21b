"""Every bad input gets problem+json with a stable code and changes nothing."""

import base64
import json
import time

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

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


def check_problem(answer, status):
    wanted = status if isinstance(status, tuple) else (status,)
    assert answer.status_code in wanted, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem)
    assert problem["status"] == answer.status_code
    assert problem["code"]
    assert answer.headers["X-Request-ID"]
    assert answer.headers["X-Request-ID"] in problem["instance"]


@pytest.fixture(scope="module")
def alice(new_customer):
    return new_customer()


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_payment_is_refused_and_nothing_is_made(alice, name):
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
def test_a_bad_query_is_refused(alice, query):
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
def test_an_unknown_or_malformed_id_is_not_found(alice, payment_id):
    check_problem(
        alice.http.get(f"{PAYMENT}/{payment_id}"), (404,) if "%00" not in payment_id else (400, 404)
    )


def test_a_number_of_documented_paths_refuse_other_methods(alice):
    check_problem(alice.http.delete(PAYMENT), 405)
    check_problem(alice.http.get("/api/v1/nothing"), 404)


# --- tokens -------------------------------------------------------------------------------------


def _b64(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _forged(token, suite, kind):
    import hashlib
    import hmac

    head, claims, signature = token.split(".")
    header, payload = _unb64(head), _unb64(claims)
    if kind == "alg none":
        return f"{_b64({**header, 'alg': 'none'})}.{claims}."
    if kind == "changed claims":
        return (
            f"{head}.{_b64({**payload, 'sub': '0198c0de-0000-7000-8000-000000000000'})}.{signature}"
        )
    if kind == "empty signature":
        return f"{head}.{claims}."
    if kind == "HS256 with the public key":
        with suite.client() as http:
            key = http.get("/auth/.well-known/jwks.json").json()["keys"][0]
        signed = f"{_b64({**header, 'alg': 'HS256'})}.{claims}"
        digest = hmac.new(json.dumps(key).encode(), signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{_b64(digest)}"
    if kind == "header of a stranger's key":
        return f"{_b64({**header, 'kid': '../../etc/passwd', 'jku': 'https://evil.test/'})}.{claims}.{signature}"
    return {"not a token": "abc", "empty": "", "two dots": ".."}[kind]


@pytest.mark.parametrize(
    "path",
    [PAYMENT, "/api/v1/balance", "/auth/api/v1/me", "/api/v1/changes", "/auth/api/v1/changes"],
)
@pytest.mark.parametrize(
    "kind",
    ["alg none", "changed claims", "empty signature", "HS256 with the public key",
     "header of a stranger's key", "not a token", "two dots"],
)  # fmt: skip
def test_a_forged_token_is_refused(suite, alice, path, kind):
    with suite.client() as http:
        bearer = {"Authorization": f"Bearer {_forged(alice.token, suite, kind)}"}
        check_problem(http.get(path, headers=bearer), 401)


@pytest.mark.parametrize(
    "path",
    [PAYMENT, "/api/v1/balance", "/auth/api/v1/me", "/api/v1/changes", "/auth/api/v1/changes"],
)
def test_no_token_is_refused(suite, path):
    with suite.client() as http:
        check_problem(http.get(path), 401)


@pytest.mark.parametrize("path", ["/api/v1/changes", "/auth/api/v1/changes"])
def test_a_customer_may_not_read_the_change_feeds(alice, path):
    check_problem(alice.http.get(path), 403)


@pytest.mark.parametrize("path", [PAYMENT, "/auth/api/v1/me"])
@pytest.mark.parametrize(
    "change",
    [
        {"aud": ["shop"]}, {"iss": "https://evil.test"}, {"exp": 1_700_000_000},
        {"type": "refresh"},
        {"nbf": 4_000_000_000}, {"aud": None}, {"exp": None}, {"sub": None}, {"iss": None},
    ],
)  # fmt: skip
def test_a_token_of_our_own_key_with_a_wrong_claim_is_refused(suite, alice, path, change):
    [key_file] = (suite.var / "keys" / "auth").glob("*.pem")
    head, claims, _ = alice.token.split(".")
    wrong = {k: v for k, v in {**_unb64(claims), **change}.items() if v is not None}
    key = ECKey.import_key(key_file.read_text())
    with suite.client() as http:
        right = jwt.encode(_unb64(head), _unb64(claims), key)
        assert http.get(path, headers={"Authorization": f"Bearer {right}"}).status_code == 200
        token = jwt.encode(_unb64(head), wrong, key)
        check_problem(http.get(path, headers={"Authorization": f"Bearer {token}"}), 401)


# --- accounts -----------------------------------------------------------------------------------

NEW = {"username": "somebody", "password": "newpassword1", "email": "somebody@test.com"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"password": "seven77"}, 422),
        ({"password": "password123"}, 422),
        ({"password": "aaaaaaaa"}, 422),
        ({"password": None}, 422),
        ({"password": "newpass\x00word1"}, 422),
        ({"username": ""}, 422),
        ({"username": "a\x00b"}, 422),
        ({"username": 5}, 422),
        ({"email": "nobody"}, 422),
        ({"email": ""}, 422),
        ({"role": "admin"}, 422),
        ({"roles": ["admin"]}, 422),
    ],
)
def test_a_bad_registration_is_refused(suite, changes, status):
    with suite.client() as http:
        check_problem(http.post("/auth/api/v1/registration", json={**NEW, **changes}), status)


@pytest.mark.parametrize("body", [b"{", b"[" * 20_000, b"\xff", b""])
def test_a_body_that_is_not_json_is_malformed_for_auth_too(suite, body):
    headers = {"Content-Type": "application/json"}
    with suite.client() as http:
        for path in ("/auth/api/v1/registration", "/auth/api/v1/login"):
            check_problem(http.post(path, content=body, headers=headers), 400)


def test_a_taken_name_or_e_mail_is_a_conflict(suite, alice):
    with suite.client() as http:
        taken = {**NEW, "username": alice.name}
        check_problem(http.post("/auth/api/v1/registration", json=taken), 409)
        taken = {**NEW, "email": alice.account["email"]}
        check_problem(http.post("/auth/api/v1/registration", json=taken), 409)


def test_a_wrong_password_and_an_unknown_name_look_the_same(suite, alice):
    with suite.client() as http:
        wrong = http.post(
            "/auth/api/v1/login", json={"username": alice.name, "password": "wrongpassword"}
        )
        unknown = http.post(
            "/auth/api/v1/login", json={"username": "no-such-name", "password": "wrongpassword"}
        )
    for answer in (wrong, unknown):
        check_problem(answer, 401)
    same = ("type", "title", "status", "detail", "code")
    assert [wrong.json()[key] for key in same] == [unknown.json()[key] for key in same]


# --- notifications ------------------------------------------------------------------------------


def _notification(provider_id, value="1342.00", event="payment.succeeded"):
    return {
        "type": "notification",
        "event": event,
        "object": {
            "id": provider_id, "status": "succeeded", "paid": True, "test": True,
            "amount": {"value": value, "currency": "RUB"}, "metadata": {},
        },
    }  # fmt: skip


def _secret_path(suite):
    text = (suite.var / "suite.json").read_text()
    return f"/api/v1/notification/{json.loads(text)['secrets']['notification_secret']}"


def _client_from(suite, address):
    import httpx

    return suite.client(transport=httpx.HTTPTransport(verify=suite.tls, local_address=address))


def test_a_notification_for_an_id_we_never_made_is_stored_and_does_nothing(suite, alice):
    with _client_from(suite, "127.0.0.53") as provider:
        body = _notification("2f0a41b7-000f-5000-8000-1c2d3e4f5a6b")
        assert provider.post(_secret_path(suite), json=body).status_code == 200
        assert provider.post(_secret_path(suite), content=b"not json").status_code == 200
    assert alice.available() == "0.00"


def test_a_notification_that_lies_about_a_pending_payment_credits_nothing(suite, new_customer):
    customer = new_customer()
    payment = customer.created()
    provider_id = payment["confirmation_url"].partition("orderId=")[2]
    with _client_from(suite, "127.0.0.53") as provider:
        for value in ("1342.00", "999999.00"):
            body = _notification(provider_id, value)
            assert provider.post(_secret_path(suite), json=body).status_code == 200
    time.sleep(2)
    assert customer.payment(payment["id"])["status"] == "pending"
    assert customer.available() == "0.00"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-For": "127.0.0.53"},
        {"X-Forwarded-For": "185.71.76.1, 127.0.0.53"},
        {"X-Real-IP": "127.0.0.53"},
        {"Forwarded": "for=127.0.0.53"},
    ],
)
def test_a_notification_from_a_foreign_address_is_forbidden(suite, headers):
    with _client_from(suite, "127.0.0.2") as stranger:
        body = _notification("2f0a41b7-000f-5000-8000-1c2d3e4f5a6b")
        check_problem(stranger.post(_secret_path(suite), json=body, headers=headers), 403)


def test_a_notification_with_a_wrong_secret_is_not_found(suite):
    with _client_from(suite, "127.0.0.53") as provider:
        check_problem(provider.post("/api/v1/notification/wrong", json={}), 404)
