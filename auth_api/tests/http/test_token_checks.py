"""Which bearer tokens are refused: all that this service did not sign for itself, unchanged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from auth.keys.keyring import Keyring, new_private_pem

Forge = Callable[..., str]


@pytest.fixture
def forge(alice: Any, key_pems: dict[str, str], log_in: Any) -> Forge:
    """A token as ours, of a session that lives, but for what the test changes."""
    session_id = jwt.decode(log_in(alice), options={"verify_signature": False})["sid"]

    def make(key: str | None = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://suite.test/auth",
            "aud": ["auth", "billing"],
            "sub": alice.id,
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": "forged",
            "type": "access",
            "roles": ["customer"],
            "scope": "auth:changes",
            "sid": session_id,
        } | changed
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {"kid": "key-2", "typ": "at+jwt"} | (header or {})
        return jwt.encode(claims, key or key_pems["key-2"], algorithm="ES256", headers=head)

    return make


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_forge_makes_good_tokens_when_nothing_is_changed(
    client: Any, bearer: Any, forge: Forge, key_pems: dict[str, str]
) -> None:
    assert client.get("/api/v1/me", headers=bearer(forge())).status_code == 200
    older = forge(key=key_pems["key-1"], header={"kid": "key-1"})
    assert client.get("/api/v1/me", headers=bearer(older)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ["billing"]},
        {"aud": "other"},
        {"aud": None},
        {"iss": "https://elsewhere.test/auth"},
        {"iss": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"type": "refresh"},
        {"sub": None},
        {"sub": 5},
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(
    client: Any, check_problem: Any, bearer: Any, forge: Forge, changed: dict[str, Any]
) -> None:
    answer = client.get("/api/v1/me", headers=bearer(forge(**changed)))
    check_problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": None}, {"kid": "unknown"}, {"kid": ""}, {"kid": "../key-2"}],
)
def test_a_signed_token_with_a_wrong_header_is_refused(
    client: Any, check_problem: Any, bearer: Any, forge: Forge, header: dict[str, Any]
) -> None:
    answer = client.get("/api/v1/me", headers=bearer(forge(header=header)))
    check_problem(answer, 401, "unauthorized")


def test_a_token_of_a_strangers_key_is_refused(
    client: Any, check_problem: Any, bearer: Any, forge: Forge
) -> None:
    answer = client.get("/api/v1/me", headers=bearer(forge(key=new_private_pem())))
    check_problem(answer, 401, "unauthorized")


def test_alg_none_is_refused(client: Any, check_problem: Any, bearer: Any, forge: Forge) -> None:
    _, claims, _ = forge().split(".")
    for alg in ("none", "None", "NONE"):
        bare = f"{_part({'alg': alg, 'kid': 'key-2', 'typ': 'at+jwt'})}.{claims}."
        check_problem(client.get("/api/v1/me", headers=bearer(bare)), 401, "unauthorized")


def test_hs256_signed_with_the_public_key_is_refused(
    client: Any, check_problem: Any, bearer: Any, forge: Forge, key_pems: dict[str, str]
) -> None:
    _, claims, _ = forge().split(".")
    public = Keyring(key_pems).public_pem("key-2")
    assert public is not None
    der = serialization.load_pem_public_key(public.encode()).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{_part({'alg': 'HS256', 'kid': 'key-2', 'typ': 'at+jwt'})}.{claims}"
    for secret in (public.encode(), public.strip().encode(), der):
        mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        check_problem(client.get("/api/v1/me", headers=bearer(token)), 401, "unauthorized")


def test_changed_claims_are_refused(
    client: Any, check_problem: Any, bearer: Any, forge: Forge, new_person: Any
) -> None:
    header, claims, signature = forge().split(".")
    stolen = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": new_person().id}
    token = f"{header}.{_part(stolen)}.{signature}"
    check_problem(client.get("/api/v1/me", headers=bearer(token)), 401, "unauthorized")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer \xff\xfe",
        "Bearer " + "a" * 4000,
        "Basic YTpi",
        "Bearer one two",
        "Bearer W10.W10.W10",
    ],
)
def test_what_is_no_bearer_token_is_401(
    client: Any, check_problem: Any, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    check_problem(client.get("/api/v1/me", headers=headers), 401, "unauthorized")
