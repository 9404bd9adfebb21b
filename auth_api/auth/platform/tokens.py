"""Access tokens: ES256 with `kid`, issued and checked by Flask-JWT-Extended.

Its error callbacks are not used: every refusal leaves here as `Unauthorized`, rendered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from flask import Flask, g
from flask_jwt_extended import JWTManager, create_access_token, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from auth.platform.problems import Unauthorized

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105  a media type
OUR_AUDIENCE = "auth"
LEEWAY_SECONDS = 10


@dataclass(frozen=True, slots=True)
class TokenPair:
    access_token: str
    refresh_token: str


class SigningKeys(Protocol):
    @property
    def active_kid(self) -> str: ...

    def private_pem(self, kid: str) -> str: ...

    def public_pem(self, kid: str) -> str | None: ...


class Tokens:
    def __init__(
        self,
        app: Flask,
        keys: SigningKeys,
        *,
        issuer: str,
        audiences: tuple[str, ...],
        lifetime_seconds: int,
    ) -> None:
        self.lifetime_seconds = lifetime_seconds
        self._keys = keys
        app.config.update(
            JWT_ALGORITHM=ALGORITHM,
            JWT_DECODE_ALGORITHMS=[ALGORITHM],
            JWT_ENCODE_ISSUER=issuer,
            JWT_DECODE_ISSUER=issuer,
            JWT_ENCODE_AUDIENCE=list(audiences),
            JWT_DECODE_AUDIENCE=OUR_AUDIENCE,
            JWT_DECODE_LEEWAY=LEEWAY_SECONDS,
            JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=lifetime_seconds),
            JWT_TOKEN_LOCATION=("headers",),
        )
        manager = JWTManager(app)
        # Named once a token: between two looks at the ring another key may have begun to sign.
        manager.encode_key_loader(lambda _identity: keys.private_pem(g.signing_kid))
        manager.decode_key_loader(lambda header, _claims: self._public_key(header))
        manager.additional_headers_loader(
            lambda _identity: {"kid": g.signing_kid, "typ": TOKEN_TYPE}
        )
        manager.token_verification_loader(_is_access_token)

    def issue(self, subject: str, claims: Mapping[str, Any]) -> str:
        g.signing_kid = self._keys.active_kid
        token: str = create_access_token(subject, additional_claims=dict(claims))
        return token

    def read_request(self) -> dict[str, Any]:
        """The claims of the request's bearer token; raises Unauthorized."""
        try:
            verified = verify_jwt_in_request()
        except (JWTExtendedException, PyJWTError) as refusal:
            raise _unauthorized() from refusal
        if verified is None:
            raise _unauthorized()
        return verified[1]

    def _public_key(self, header: Mapping[str, Any]) -> str:
        kid = header.get("kid")
        key = self._keys.public_pem(kid) if isinstance(kid, str) else None
        if key is None:
            raise _unauthorized()
        return key


def _is_access_token(header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
    return (
        header.get("typ") == TOKEN_TYPE
        and header.get("alg") == ALGORITHM
        and claims.get("type") == "access"
        and isinstance(claims.get("sub"), str)
        and "exp" in claims
    )


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "The bearer token is missing, expired or not ours.",
        headers={"WWW-Authenticate": 'Bearer realm="suite", error="invalid_token"'},
    )
