"""The control: clients with one fault each, and one without, all on a transport of their own.

Each fault is one that integrators have shipped. The cases must find it, or they prove nothing.
"""

import asyncio
import ssl
from types import TracebackType
from typing import Any
from uuid import UUID

import httpx

from billing.gateway.yookassa.wire import read_payment
from billing.platform.ids import new_id
from contract.our_side import PATIENCE_SECONDS
from contract.outcomes import Outcome
from contract.place import SHOP_ID, Provider


class CarefulSide:
    """Does what ours does, in the fewest words; the others differ from it in one thing."""

    name = "careful"

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.seconds = PATIENCE_SECONDS
        self.calls: set[str] = set()

    async def __aenter__(self) -> "CarefulSide":
        trust = ssl.create_default_context(cafile=str(self._provider.ca_file))
        self._client = httpx.AsyncClient(
            auth=(SHOP_ID, self._provider.secret_key), verify=trust, timeout=None
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def create(self, key: UUID, body: dict[str, Any]) -> Outcome:
        return await self._call("POST", "/payments", key, body)

    async def cancel(self, key: UUID, provider_id: str) -> Outcome:
        return await self._call("POST", f"/payments/{provider_id}/cancel", key, {})

    async def get(self, provider_id: str) -> Outcome:
        return await self._call("GET", f"/payments/{provider_id}")

    async def _call(
        self, method: str, path: str, key: UUID | None = None, body: dict[str, Any] | None = None
    ) -> Outcome:
        headers = {} if key is None else {"Idempotence-Key": str(self.choose_key(key))}
        call = self._client.request(
            method, self._provider.api + path, headers=headers, json=body, **self.limits()
        )
        try:
            async with asyncio.timeout(self.bound()):
                answer = await call
        except (TimeoutError, httpx.HTTPError) as error:
            return self.sort_silence(error)
        return self.sort(answer, reading=method == "GET")

    def choose_key(self, key: UUID) -> UUID:
        return key

    def limits(self) -> dict[str, Any]:
        return {}

    def bound(self) -> float | None:
        return self.seconds

    def sort_silence(self, error: Exception) -> Outcome:
        return Outcome("unknown")

    def sort(self, answer: httpx.Response, *, reading: bool) -> Outcome:
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Outcome("unknown")
        try:
            document = answer.json()
        except ValueError:
            return Outcome("unknown")
        if answer.status_code == 200:
            return Outcome("done", payment=read_payment(document))
        if not 400 <= answer.status_code < 500:
            return Outcome("unknown")
        if reading:
            return Outcome("missing" if answer.status_code == 404 else "unknown")
        return Outcome("refused", document["code"], document["description"])


class NoNetworkSide(CarefulSide):
    """Lets what the network does go up to its caller."""

    name = "no_network"

    def sort_silence(self, error: Exception) -> Outcome:
        raise error


class EveryErrorSide(CarefulSide):
    """Whatever is not 200 is a refusal, 202 and a proxy's page too."""

    name = "every_error"

    def sort(self, answer: httpx.Response, *, reading: bool) -> Outcome:
        if answer.status_code != 200 and not reading:
            return Outcome("refused", f"http_{answer.status_code}")
        return super().sort(answer, reading=reading)


class EveryAnswerSide(CarefulSide):
    """Whatever is 2xx is done, read or not."""

    name = "every_answer"

    def sort(self, answer: httpx.Response, *, reading: bool) -> Outcome:
        return Outcome("done") if answer.is_success else super().sort(answer, reading=reading)


class AnyPageSide(CarefulSide):
    """A 404 is a 404, whoever says it."""

    name = "any_page"

    def sort(self, answer: httpx.Response, *, reading: bool) -> Outcome:
        if answer.status_code == 404 and reading:
            return Outcome("missing")
        return super().sort(answer, reading=reading)


class FreshKeySide(CarefulSide):
    """A new key for each repeat."""

    name = "fresh_key"

    def choose_key(self, key: UUID) -> UUID:
        return new_id()


class EachPieceSide(CarefulSide):
    """Bounds each read instead of the whole."""

    name = "each_piece"

    def limits(self) -> dict[str, Any]:
        return {"timeout": self.seconds}

    def bound(self) -> float | None:
        return None


NAIVE_SIDES = {
    side.name: side
    for side in (
        *(CarefulSide, NoNetworkSide, EveryErrorSide, EveryAnswerSide),
        *(AnyPageSide, FreshKeySide, EachPieceSide),
    )
}
