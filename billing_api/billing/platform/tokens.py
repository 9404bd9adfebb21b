"""Who is calling: access tokens proved with auth's public keys, one algorithm and nothing else.

Proved tokens are remembered until they expire, for proving costs a tenth of a millisecond.
"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from billing.platform.clock import Clock
from billing.platform.key_source import KeySource
from billing.platform.problems import Unauthorized

ALGORITHM = "ES256"
LEEWAY_SECONDS = 30
CACHE_MAX = 10_000
TOKEN_LENGTH_MAX = 8_000


@dataclass(frozen=True, slots=True)
class Caller:
    """`subject` is the account's id, or the client's name where `is_service`."""

    subject: str
    scopes: frozenset[str]
    is_service: bool


class TokenVerifier:
    def __init__(self, keys: KeySource, clock: Clock, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._withdrawals = keys.withdrawals
        self._proved: OrderedDict[str, tuple[Caller, float]] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """The caller, or Unauthorized; which check failed is not told."""
        now = self._clock.real_now().timestamp()
        self._keys.keep_fresh()
        if self._keys.withdrawals != self._withdrawals:
            self._withdrawals = self._keys.withdrawals
            self._proved.clear()
        known = self._proved.get(token)
        if known is not None:
            if now < known[1]:
                return known[0]
            del self._proved[token]
        caller, expires = await self._prove(token, now)
        if now < expires:
            self._remember(token, caller, expires)
        return caller

    def _remember(self, token: str, caller: Caller, expires: float) -> None:
        self._proved[token] = (caller, expires)
        if len(self._proved) > CACHE_MAX:
            self._proved.popitem(last=False)

    async def _prove(self, token: str, now: float) -> tuple[Caller, float]:
        key = await self._key_of(token)
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise _refused() from None
        return self._caller_of(claims, now)

    async def _key_of(self, token: str) -> ECKey:
        header = _read_header(token)
        kid = header.get("kid")
        typed = header.get("typ")
        if header.get("alg") != ALGORITHM or typed != "at+jwt" or not isinstance(kid, str):
            raise _refused()
        key = await self._keys.find(kid)
        if key is None:
            raise _refused()
        return key

    def _caller_of(self, claims: dict[str, Any], now: float) -> tuple[Caller, float]:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, starts, subject = claims.get("exp"), claims.get("nbf", 0), claims.get("sub")
        scope = claims.get("scope", "")
        holds = (
            claims.get("iss") == self._issuer
            and self._audience in audiences
            and claims.get("type") == "access"
            and isinstance(subject, str)
            and 0 < len(subject) <= 255
            and subject.isprintable()
            and isinstance(scope, str)
            and isinstance(expires, int | float)
            and isinstance(starts, int | float)
            and starts - LEEWAY_SECONDS <= now < expires + LEEWAY_SECONDS
        )
        if not holds:
            raise _refused()
        caller = Caller(str(subject), frozenset(scope.split()), "client_id" in claims)
        return caller, claims["exp"]


def _refused() -> Unauthorized:
    return Unauthorized(headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _read_header(token: str) -> dict[str, Any]:
    if len(token) > TOKEN_LENGTH_MAX or token.count(".") != 2:
        raise _refused()
    segment = token.partition(".")[0]
    try:
        header = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise _refused() from None
    if not isinstance(header, dict):
        raise _refused()
    return header
