"""The official SDK, unmodified, read by its own attributes.

What is known of it and shows here: a lost connection surfaces as AttributeError, a proxy's page as
JSONDecodeError (a ValueError), there is no time-out on the network, money goes through a float.
"""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from yookassa import Configuration, Payment, Refund, Settings
from yookassa.client import ApiClient
from yookassa.domain.exceptions import (
    ApiError,
    InternalServerError,
    NotFoundError,
    ResponseProcessingError,
)
from yookassa.domain.models import Me
from yookassa.domain.response import RefundListResponse, RefundResponse

from billing.gateway.port import ProviderPayment, ProviderRefund
from billing.platform.clock import format_instant
from billing.platform.money import Money
from contract.outcomes import Outcome
from contract.place import SHOP_ID, Provider

_UNKNOWN = (InternalServerError, ResponseProcessingError, AttributeError, ValueError)


class SdkSide:
    """`attempts`: how often it repeats by itself; None for as often as it does unasked."""

    name = "sdk"

    def __init__(self, provider: Provider, *, attempts: int | None = 0) -> None:
        self._provider, self._attempts = provider, attempts
        self.seconds = 0.0  # asked of every side; the SDK waits for ever
        self.calls: set[str] = set()

    async def __aenter__(self) -> "SdkSide":
        more = {} if self._attempts is None else {"max_attempts": self._attempts}
        Configuration.configure(
            SHOP_ID,
            self._provider.secret_key,
            api_url=self._provider.api,
            verify=str(self._provider.ca_file) if self._provider.ca_file else True,
            timeout=10,  # milliseconds, and only of the pause between repeats
            **more,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        Configuration.configure(SHOP_ID, "nothing", api_url="http://127.0.0.1:1/v3")

    async def create(self, key: UUID | str, body: dict[str, Any]) -> Outcome:
        # A copy: the SDK writes its name into the caller's metadata.
        params = json.loads(json.dumps(body))
        return await self._act("POST /payments", lambda: Payment.create(params, str(key)))

    async def get(self, provider_id: str) -> Outcome:
        return await self._read("GET /payments/{id}", lambda: Payment.find_one(provider_id))

    async def cancel(self, key: UUID | str, provider_id: str) -> Outcome:
        return await self._act(
            "POST /payments/{id}/cancel", lambda: Payment.cancel(provider_id, str(key))
        )

    async def capture(
        self, key: UUID | str, provider_id: str, amount: dict[str, str] | None = None
    ) -> Outcome:
        params = None if amount is None else {"amount": amount}
        return await self._act(
            "POST /payments/{id}/capture", lambda: Payment.capture(provider_id, params, str(key))
        )

    async def list(self, since: datetime, until: datetime, cursor: str | None = None) -> Outcome:
        window = {"created_at.gte": format_instant(since), "created_at.lt": format_instant(until)}
        return await self.list_by(limit=100, cursor=cursor, **window)

    async def list_by(self, **filters: Any) -> Outcome:
        params = {name: value for name, value in filters.items() if value is not None}
        return await self._read("GET /payments", lambda: Payment.list(params))

    async def create_refund(self, key: UUID | str, body: dict[str, Any]) -> Outcome:
        params = json.loads(json.dumps(body))
        return await self._act("POST /refunds", lambda: Refund.create(params, str(key)))

    async def find_refund(self, refund_id: str) -> Outcome:
        return await self._read("GET /refunds/{id}", lambda: Refund.find_one(refund_id))

    async def list_refunds(
        self, since: datetime, until: datetime, cursor: str | None = None, **filters: Any
    ) -> Outcome:
        window = {"created_at.gte": format_instant(since), "created_at.lt": format_instant(until)}
        params = {**window, **filters, "limit": 100, **({"cursor": cursor} if cursor else {})}
        return await self._read("GET /refunds", lambda: Refund.list(params))

    async def me(self) -> Outcome:
        return await self._read("GET /me", Settings.get_account_settings)

    async def raw(self, method: str, path: str, **request: Any) -> Any:
        """The SDK's own transport, for calls that its resources would not make."""
        return await asyncio.to_thread(lambda: ApiClient().request(method, path, **request))

    async def _act(self, route: str, call: Callable[[], Any]) -> Outcome:
        return await self._ask(route, call, reading=False)

    async def _read(self, route: str, call: Callable[[], Any]) -> Outcome:
        return await self._ask(route, call, reading=True)

    async def _ask(self, route: str, call: Callable[[], Any], *, reading: bool) -> Outcome:
        self.calls.add(route)
        try:
            answer = await asyncio.to_thread(call)
        except _UNKNOWN as error:
            return Outcome("unknown", raised=type(error).__name__)
        except ApiError as error:
            raised = type(error).__name__
            if not reading:
                return Outcome("refused", error.error.code, error.error.description, raised=raised)
            is_missing = isinstance(error, NotFoundError) and "{id}" in route
            return Outcome("missing" if is_missing else "unknown", raised=raised)
        return _done(answer)


def _done(answer: Any) -> Outcome:
    if isinstance(answer, Me):
        assert (answer.account_id, answer.status, answer.test) == (SHOP_ID, "enabled", True)
        assert answer.payment_methods == ["bank_card", "yoo_money"]
        return Outcome("done")
    if isinstance(answer, RefundResponse):
        return Outcome("done", refund=read_sdk_refund(answer))
    if isinstance(answer, RefundListResponse):
        refunds = tuple(read_sdk_refund(item) for item in answer.items or ())
        return Outcome("done", refunds=refunds, next_cursor=answer.next_cursor)
    if hasattr(answer, "items"):
        items = tuple(read_sdk_payment(item) for item in answer.items or ())
        return Outcome("done", items=items, next_cursor=answer.next_cursor)
    return Outcome("done", payment=read_sdk_payment(answer))


def read_sdk_payment(theirs: Any) -> ProviderPayment:
    """The SDK's reading by its attributes, in our port's fields: nothing of our reader in it."""
    cents = theirs.amount.value * 100
    assert cents == int(cents)
    details = theirs.cancellation_details
    return ProviderPayment(
        id=theirs.id,
        status=theirs.status,
        amount=Money(int(cents), theirs.amount.currency),
        account_id=theirs.recipient.account_id,
        test=theirs.test,
        payment_uid=(theirs.metadata or {}).get("payment_uid"),
        created_at=datetime.fromisoformat(theirs.created_at),
        captured_at=theirs.captured_at and datetime.fromisoformat(theirs.captured_at),
        confirmation_url=getattr(theirs.confirmation, "confirmation_url", None),
        cancellation_party=details and details.party,
        cancellation_reason=details and details.reason,
        expires_at=theirs.expires_at and datetime.fromisoformat(theirs.expires_at),
    )


def read_sdk_refund(theirs: Any) -> ProviderRefund:
    """The same of a refund."""
    cents = theirs.amount.value * 100
    assert cents == int(cents)
    details = theirs.cancellation_details
    return ProviderRefund(
        id=theirs.id,
        status=theirs.status,
        amount=Money(int(cents), theirs.amount.currency),
        payment_id=theirs.payment_id,
        refund_uid=(theirs.metadata or {}).get("refund_uid"),
        created_at=datetime.fromisoformat(theirs.created_at),
        cancellation_reason=details and details.reason,
    )
