"""Tokens that do not hold, or not for this: 401 and 403, and nothing told about why."""

import base64
import hmac
import json
import time

import httpx
import pytest
from joserfc.jwk import ECKey


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _segments(**changes) -> str:
    head, claims = {"alg": "none", "typ": "at+jwt", "kid": "test-1"}, {"sub": "x", **changes}
    return ".".join(_encode(json.dumps(part).encode()) for part in (head, claims)) + "."


def _changed_claims(issuer) -> str:
    head, _, signature = issuer.sign("victim").split(".")
    claims = {"sub": "thief", "exp": time.time() + 900}
    return f"{head}.{_encode(json.dumps(claims).encode())}.{signature}"


def _signed_with_public_key(issuer) -> str:
    pem = issuer.key.as_pem(private=False)
    head = {"alg": "HS256", "typ": "at+jwt", "kid": "test-1"}
    claims = json.loads(_decode(issuer.sign("x").split(".")[1]))
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{_encode(hmac.digest(pem, signed.encode(), 'sha256'))}"


def _other_key(issuer) -> str:
    return issuer.sign("x", key=ECKey.generate_key("P-256"))


TOKENS = {
    "word": lambda _: "abc",
    "dots": lambda _: "..",
    "not base64": lambda _: "%%.%%.%%",
    "long": lambda _: "a" * 20_000,
    "alg none": lambda _: _segments(),
    "HS256 with the public key": _signed_with_public_key,
    "changed claims": _changed_claims,
    "another key": _other_key,
    "unknown kid": lambda issuer: issuer.sign("x", header={"kid": "other"}),
    "no kid": lambda issuer: issuer.sign("x", header={"kid": ""}),
    "wrong aud": lambda issuer: issuer.sign("x", aud=["auth"]),
    "no aud": lambda issuer: issuer.sign("x", aud=None),
    "wrong iss": lambda issuer: issuer.sign("x", iss="https://evil.test"),
    "expired": lambda issuer: issuer.sign("x", exp=int(time.time()) - 60),
    "not yet": lambda issuer: issuer.sign("x", nbf=int(time.time()) + 300),
    "no exp": lambda issuer: issuer.sign("x", exp=None),
    "exp as text": lambda issuer: issuer.sign("x", exp="never"),
    "wrong typ": lambda issuer: issuer.sign("x", header={"typ": "JWT"}),
    "refresh token": lambda issuer: issuer.sign("x", type="refresh"),
    "no sub": lambda issuer: issuer.sign(None),
    "number as sub": lambda issuer: issuer.sign(5),
    "NUL in sub": lambda issuer: issuer.sign("a\x00b"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_does_not_hold_is_refused(name, api, issuer, check_problem):
    headers = {"Authorization": f"Bearer {TOKENS[name](issuer)}"}
    for _ in range(2):
        answer = httpx.get(f"{api.url}/api/v1/balance", headers=headers)
        check_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic eDp5"}, {"Authorization": "x"}])
def test_no_token_is_refused(header, api, check_problem):
    for path in ("/api/v1/balance", "/api/v1/payment", "/api/v1/payment/x", "/api/v1/changes"):
        check_problem(httpx.get(f"{api.url}{path}", headers=header), 401, "unauthorized")
    answer = httpx.post(f"{api.url}/api/v1/payment", headers=header, content=b"nonsense")
    check_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/api/v1/changes", "payments:read payments:write balance:read"),
        ("GET", "/api/v1/balance", "payments:read"),
        ("GET", "/api/v1/payment", "payments:write"),
        ("POST", "/api/v1/payment", "payments:read"),
        ("GET", "/api/v1/payment/x", "billing:changes"),
    ],
)
def test_a_missing_scope_is_forbidden(method, path, scope, api, customer, check_problem):
    with api.client(customer, scope) as client:
        check_problem(client.request(method, path), 403, "forbidden")
