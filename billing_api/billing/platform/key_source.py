"""Auth's public keys over HTTP: kept in memory, asked again for an unknown `kid` only.

Keys once seen go on serving while auth is down; only a start without auth leaves us without any.
"""

import asyncio
import logging
import time

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from billing.platform.problems import ServiceUnavailable

REFETCH_SECONDS = 10.0
TIMEOUT = aiohttp.ClientTimeout(total=3)
logger = logging.getLogger(__name__)


class KeySource:
    def __init__(self, url: str, *, refetch_seconds: float = REFETCH_SECONDS) -> None:
        self._url = url
        self._refetch_seconds = refetch_seconds
        self._keys: dict[str, ECKey] = {}
        self._asked = float("-inf")
        self._asking = asyncio.Lock()

    async def find(self, kid: str) -> ECKey | None:
        """The key, after one look at auth if it is new to us; at most one look in ten seconds."""
        if kid not in self._keys:
            async with self._asking:
                if kid not in self._keys:
                    await self._refresh()
        if not self._keys:
            raise ServiceUnavailable(
                "the keys that prove tokens are not known yet", headers={"Retry-After": "5"}
            )
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        # Without any key every request fails, so the pause is short until the first answer.
        pause = self._refetch_seconds if self._keys else 1.0
        if time.monotonic() - self._asked < pause:
            return
        self._asked = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.get(self._url) as answer,
            ):
                answer.raise_for_status()
                document = await answer.json(content_type=None)
            keys = [ECKey.import_key(entry) for entry in document["keys"] if _usable(entry)]
        except (TimeoutError, aiohttp.ClientError, ValueError, KeyError, TypeError, JoseError):
            logger.warning("the key document could not be read", exc_info=True)
            return
        # Replaced, not merged: a key that was withdrawn must stop proving tokens.
        if keys:
            self._keys = {str(key.kid): key for key in keys}


def _usable(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("kty") == "EC"
        and entry.get("crv") == "P-256"
        and entry.get("use", "sig") == "sig"
        and isinstance(entry.get("kid"), str)
        and "d" not in entry
    )
