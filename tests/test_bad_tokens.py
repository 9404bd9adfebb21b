"""A token that auth did not give, or not for this, opens nothing."""

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

PAYMENT = "/api/v1/payment"


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
def test_a_forged_token_is_refused(suite, alice, path, kind, check_problem):
    with suite.client() as http:
        bearer = {"Authorization": f"Bearer {_forged(alice.token, suite, kind)}"}
        check_problem(http.get(path, headers=bearer), 401)


@pytest.mark.parametrize(
    "path",
    [PAYMENT, "/api/v1/balance", "/auth/api/v1/me", "/api/v1/changes", "/auth/api/v1/changes"],
)
def test_no_token_is_refused(suite, path, check_problem):
    with suite.client() as http:
        check_problem(http.get(path), 401)


@pytest.mark.parametrize("path", ["/api/v1/changes", "/auth/api/v1/changes"])
def test_a_customer_may_not_read_the_change_feeds(alice, path, check_problem):
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
def test_a_token_of_our_own_key_with_a_wrong_claim_is_refused(
    suite, alice, path, change, check_problem
):
    [key_file] = (suite.var / "keys" / "auth").glob("*.pem")
    head, claims, _ = alice.token.split(".")
    wrong = {k: v for k, v in {**_unb64(claims), **change}.items() if v is not None}
    key = ECKey.import_key(key_file.read_text())
    with suite.client() as http:
        right = jwt.encode(_unb64(head), _unb64(claims), key)
        assert http.get(path, headers={"Authorization": f"Bearer {right}"}).status_code == 200
        token = jwt.encode(_unb64(head), wrong, key)
        check_problem(http.get(path, headers={"Authorization": f"Bearer {token}"}), 401)
