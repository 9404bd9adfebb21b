"""YooKassa, every answer of it sorted into the port's outcomes.

Only 200 is done and only a readable 4xx is refused. Everything else, a proxy's HTML included,
leaves the outcome unknown.
"""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any, TypeVar
from uuid import UUID

from billing.gateway.breaker import Breaker
from billing.gateway.port import (
    Accepted,
    CancelOutcome,
    CaptureOutcome,
    CreateOutcome,
    FindOutcome,
    FindRefundOutcome,
    ListOutcome,
    Missing,
    PaymentIntent,
    PaymentList,
    RefundAccepted,
    RefundIntent,
    RefundList,
    RefundListOutcome,
    RefundOutcome,
    Refused,
    Shop,
    Unknown,
)
from billing.gateway.yookassa.connection import Answer, Connection, YooKassaAccount
from billing.gateway.yookassa.wire import (
    UnreadableError,
    capture_body,
    create_body,
    read_payment,
    read_refund,
    read_text,
    refund_body,
)
from billing.platform.clock import format_instant
from billing.platform.money import Money

# Not for what we asked: keys, rights, pace or a wrong address of ours. The intention stays good.
TEMPORARY = frozenset({401, 403, 404, 405, 410, 415, 429})
Item = TypeVar("Item")
Made = TypeVar("Made")
Rest = TypeVar("Rest")


class YooKassaGateway:
    """Without a breaker every call is made."""

    def __init__(self, account: YooKassaAccount, breaker: Breaker | None = None) -> None:
        self._account, self._connection = account, Connection(account, breaker)

    async def __aenter__(self) -> "YooKassaGateway":
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    @property
    def shop(self) -> Shop:
        return Shop(self._account.shop_id, self._account.accepts_test)

    def may_ask(self, wanted: int) -> int:
        return self._connection.may_ask(wanted)

    def write_intent(self, intent: PaymentIntent) -> bytes:
        return create_body(intent)

    async def create_payment(self, key: UUID, body: bytes, *, seconds: float) -> CreateOutcome:
        return _read_as(await self._act("/payments", key, body, seconds), _payment)

    def write_capture(self, part: Money | None) -> bytes:
        return capture_body(part)

    async def capture_payment(
        self, key: UUID, provider_id: str, body: bytes, *, seconds: float
    ) -> CaptureOutcome:
        return _read_as(
            await self._act(f"/payments/{provider_id}/capture", key, body, seconds), _payment
        )

    async def cancel_payment(self, key: UUID, provider_id: str, *, seconds: float) -> CancelOutcome:
        return _read_as(
            await self._act(f"/payments/{provider_id}/cancel", key, b"{}", seconds), _payment
        )

    def write_refund(self, intent: RefundIntent) -> bytes:
        return refund_body(intent)

    async def create_refund(self, key: UUID, body: bytes, *, seconds: float) -> RefundOutcome:
        return _read_as(await self._act("/refunds", key, body, seconds), _refund)

    async def _act(
        self, path: str, key: UUID, body: bytes, seconds: float
    ) -> Answer | Refused | Unknown:
        headers = {"Idempotence-Key": str(key), "Content-Type": "application/json"}
        found = await self._connection.ask("POST", path, seconds, headers=headers, data=body)
        if isinstance(found, Unknown) or found.status == 200:
            return found
        return _refusal(found) if found.is_error else Unknown(f"http {found.status}")

    async def find_payment(self, provider_id: str, *, seconds: float = 10) -> FindOutcome:
        return _read_as(await self._find(f"/payments/{provider_id}", seconds), _payment)

    async def find_refund(self, provider_id: str, *, seconds: float = 10) -> FindRefundOutcome:
        return _read_as(await self._find(f"/refunds/{provider_id}", seconds), _refund)

    async def _find(self, path: str, seconds: float) -> Answer | Missing | Unknown:
        found = await self._connection.ask("GET", path, seconds)
        if isinstance(found, Unknown) or found.status == 200:
            return found
        if found.status == 404 and found.is_error:
            return Missing()
        return Unknown(f"http {found.status}")

    async def list_payments(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        seconds: float = 10,
    ) -> ListOutcome:
        query = _created(since, until)
        page = await self._list("/payments", query, cursor, seconds, read_payment)
        return page if isinstance(page, Unknown) else PaymentList(*page)

    async def list_refunds(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        payment_id: str | None = None,
        seconds: float = 10,
    ) -> RefundListOutcome:
        query = _created(since, until)
        if payment_id:
            query["payment_id"] = payment_id
        page = await self._list("/refunds", query, cursor, seconds, read_refund)
        return page if isinstance(page, Unknown) else RefundList(*page)

    async def _list(
        self,
        path: str,
        query: dict[str, str],
        cursor: str | None,
        seconds: float,
        read: Callable[[dict[str, Any]], Item],
    ) -> tuple[list[Item], str | None] | Unknown:
        """One page of at most a hundred, and the cursor of the next."""
        asked = {**query, "limit": "100"}
        if cursor:
            asked["cursor"] = cursor
        found = await self._connection.ask("GET", path, seconds, params=asked)
        if isinstance(found, Unknown):
            return found
        if found.status != 200:
            return Unknown(f"http {found.status}")
        try:
            items = [read(item) for item in found.content["items"]]
        except (UnreadableError, KeyError, TypeError, AttributeError) as error:
            return Unknown(f"unreadable list: {error}")
        following = found.content.get("next_cursor")
        return items, following if isinstance(following, str) else None


def _created(since: datetime, until: datetime) -> dict[str, str]:
    return {"created_at.gte": format_instant(since), "created_at.lt": format_instant(until)}


def _read_as(found: Answer | Rest, make: Callable[[dict[str, Any]], Made]) -> Made | Rest | Unknown:
    if not isinstance(found, Answer):
        return found
    try:
        return make(found.content)
    except UnreadableError as error:
        return Unknown(f"http 200, {error}")


def _payment(document: dict[str, Any]) -> Accepted:
    return Accepted(read_payment(document))


def _refund(document: dict[str, Any]) -> RefundAccepted:
    return RefundAccepted(read_refund(document))


def _refusal(found: Answer) -> Refused:
    document, pause = found.content, found.retry_after or ""
    return Refused(
        code=(read_text(document.get("code")) or f"http_{found.status}")[:64],
        description=(read_text(document.get("description")) or "")[:300],
        temporary=found.status in TEMPORARY,
        retry_after_seconds=int(pause) if pause.isdecimal() and len(pause) < 6 else None,
    )
