"""Auth's public keys over HTTP: kept in memory, asked again for an unknown `kid` and with age.

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
# What auth's `Cache-Control` allows: a key it has withdrawn proves tokens here no longer than this.
FRESH_SECONDS = 300.0
TIMEOUT = aiohttp.ClientTimeout(total=3)
logger = logging.getLogger(__name__)


class KeySource:
    def __init__(
        self,
        url: str,
        *,
        refetch_seconds: float = REFETCH_SECONDS,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        # Raised when a key is withdrawn: what it has proved is to be proved again.
        self.withdrawals = 0
        self._url = url
        self._refetch_seconds = refetch_seconds
        self._fresh_seconds = fresh_seconds
        self._answered = float("-inf")
        self._renewal: asyncio.Task[None] | None = None
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

    def keep_fresh(self) -> None:
        """Asks auth in the background once its answer has grown old; nobody waits for that."""
        age = time.monotonic() - self._answered
        is_asking = self._renewal is not None and not self._renewal.done()
        if self._keys and age > self._fresh_seconds and not is_asking:
            self._renewal = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        async with self._asking:
            if time.monotonic() - self._answered > self._fresh_seconds:
                await self._refresh()

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
            found = {str(key.kid): key for key in keys}
            same = [
                kid
                for kid, key in self._keys.items()
                if kid in found and found[kid].thumbprint() == key.thumbprint()
            ]
            self.withdrawals += len(same) < len(self._keys)
            self._keys = found
            self._answered = time.monotonic()


def _usable(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and entry.get("kty") == "EC"
        and entry.get("crv") == "P-256"
        and entry.get("use", "sig") == "sig"
        and isinstance(entry.get("kid"), str)
        and "d" not in entry
    )
