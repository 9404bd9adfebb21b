"""Asking auth who somebody is: log-in by password, then the token proved by auth's public keys."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from panel.site.requests import request_id_headers

TIMEOUT_SECONDS = 5.0
LEEWAY_SECONDS = 30


class WrongPasswordError(Exception):
    """Auth does not know this pair."""


class AuthUnavailableError(Exception):
    """Auth is down, or what it says cannot be believed."""


class TooManyAttemptsError(Exception):
    """Auth asks to slow down."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in, by their token."""

    account_id: UUID
    username: str
    roles: tuple[str, ...]


def sign_in(username: str, password: str) -> Identity:
    """Raises WrongPasswordError, TooManyAttemptsError or AuthUnavailableError."""
    try:
        headers = request_id_headers()
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers=headers) as client:
            token = _log_in(client, username, password)
            keys = client.get(f"{settings.AUTH_URL}/.well-known/jwks.json")
            keys.raise_for_status()
            return read_token(token, keys.json())
    except (httpx.HTTPError, ValueError, JoseError) as error:
        raise AuthUnavailableError(str(error)) from error


def _log_in(client: httpx.Client, username: str, password: str) -> str:
    body = {"username": username, "password": password}
    answer = client.post(f"{settings.AUTH_URL}/api/v1/login", json=body)
    if answer.status_code == 429:
        raise TooManyAttemptsError
    if answer.status_code in (400, 401, 403, 404, 422):
        raise WrongPasswordError
    answer.raise_for_status()
    match answer.json():
        case {"access_token": str(token)}:
            return token
    raise ValueError("auth's answer holds no token")


def read_token(token: str, key_set: dict[str, Any]) -> Identity:
    """Every claim the contract names is checked; anything else raises."""
    decoded = jwt.decode(token, KeySet.import_key_set(key_set), algorithms=["ES256"])  # type: ignore[arg-type]
    if decoded.header.get("typ") != "at+jwt":
        raise ValueError("not an access token")
    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.TOKEN_ISSUER},
        aud={"essential": True, "value": settings.TOKEN_AUDIENCE},
        exp={"essential": True},
        sub={"essential": True},
        type={"essential": True, "value": "access"},
    )
    registry.validate(decoded.claims)
    claims = decoded.claims
    roles = tuple(str(role) for role in claims.get("roles") or ())
    return Identity(UUID(str(claims["sub"])), str(claims.get("username") or ""), roles)
