"""The provider's lists read to their end, page by page, whoever reads them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from billing.gateway.port import (
    PaymentGateway,
    PaymentList,
    ProviderPayment,
    ProviderRefund,
    RefundList,
    Unknown,
)

PAGES_MAX = 20_000  # of a hundred
Item = TypeVar("Item", ProviderPayment, ProviderRefund)


class ListUnreadableError(RuntimeError):
    """The list could not be read to its end, so what was not seen in it proves nothing."""


async def every_payment(
    gateway: PaymentGateway, since: datetime, until: datetime
) -> AsyncIterator[ProviderPayment]:
    """Created from `since` to before `until`. Raises ListUnreadableError."""

    async def read(cursor: str | None) -> tuple[list[ProviderPayment], str | None]:
        page = await gateway.list_payments(since, until, cursor)
        if not isinstance(page, PaymentList):
            raise _unreadable(page)
        return page.items, page.next_cursor

    async for item in _every(read):
        yield item


async def every_refund(
    gateway: PaymentGateway, since: datetime, until: datetime, *, payment_id: str | None = None
) -> AsyncIterator[ProviderRefund]:
    """The same of refunds; `payment_id` is the provider's. Raises ListUnreadableError."""

    async def read(cursor: str | None) -> tuple[list[ProviderRefund], str | None]:
        page = await gateway.list_refunds(since, until, cursor, payment_id=payment_id)
        if not isinstance(page, RefundList):
            raise _unreadable(page)
        return page.items, page.next_cursor

    async for item in _every(read):
        yield item


async def _every(
    read: Callable[[str | None], Awaitable[tuple[list[Item], str | None]]],
) -> AsyncIterator[Item]:
    cursor = None
    for _ in range(PAGES_MAX):
        items, cursor = await read(cursor)
        for item in items:
            yield item
        if cursor is None:
            return
    raise ListUnreadableError("the list does not end")


def _unreadable(page: Unknown) -> ListUnreadableError:
    return ListUnreadableError(page.why)
