"""The gateway that production uses."""

import json
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

from billing.gateway.port import (
    Accepted,
    Missing,
    PaymentIntent,
    PaymentList,
    RefundAccepted,
    RefundList,
    Refused,
    Unknown,
)
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.platform.ids import new_id
from billing.platform.money import Money, parse_minor
from contract.outcomes import Outcome
from contract.place import SHOP_ID, Provider

PATIENCE_SECONDS = 10.0
NOBODY = "2f0a41b7-000f-5000-8000-1c2d3e4f5a6b"  # an id that no payment has


def make_gateway(provider: Provider) -> YooKassaGateway:
    ca_file = str(provider.ca_file) if provider.ca_file else ""
    return YooKassaGateway(
        YooKassaAccount(
            provider.api, SHOP_ID, provider.secret_key, accepts_test=True, ca_file=ca_file
        )
    )


def make_body(payment_uid: UUID, minor: int = 134200, **changes: Any) -> dict[str, Any]:
    """Our own intent as the gateway writes it, with what a case changes."""
    intent = PaymentIntent(
        payment_id=payment_uid,
        amount=Money(minor, "RUB"),
        description="Оплата подписки",
        return_url=f"https://shop.test/pay/return/{payment_uid}",
        request_id="request-of-a-test",
    )
    written = make_gateway(Provider("", None)).write_intent(intent)
    return {**json.loads(written), **changes}


def fresh() -> tuple[UUID, UUID]:
    """A payment's id of ours and a key."""
    return new_id(), new_id()


class OurSide:
    """`seconds`: how long it waits for an answer."""

    name = "ours"

    def __init__(self, provider: Provider, *, seconds: float = PATIENCE_SECONDS) -> None:
        self.gateway = make_gateway(provider)
        self.seconds = seconds
        self.calls: set[str] = set()

    async def __aenter__(self) -> "OurSide":
        await self.gateway.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.gateway.__aexit__(kind, error, trace)

    async def create(self, key: UUID, body: dict[str, Any]) -> Outcome:
        self.calls.add("POST /payments")
        raw = json.dumps(body).encode()
        return _sorted(await self.gateway.create_payment(key, raw, seconds=self.seconds))

    async def get(self, provider_id: str) -> Outcome:
        self.calls.add("GET /payments/{id}")
        return _sorted(await self.gateway.find_payment(provider_id, seconds=self.seconds))

    async def cancel(self, key: UUID, provider_id: str) -> Outcome:
        self.calls.add("POST /payments/{id}/cancel")
        return _sorted(await self.gateway.cancel_payment(key, provider_id, seconds=self.seconds))

    async def capture(
        self, key: UUID, provider_id: str, amount: dict[str, str] | None = None
    ) -> Outcome:
        self.calls.add("POST /payments/{id}/capture")
        part = None
        if amount is not None:
            part = Money(parse_minor(amount["value"], amount["currency"]), amount["currency"])
        body = self.gateway.write_capture(part)
        return _sorted(
            await self.gateway.capture_payment(key, provider_id, body, seconds=self.seconds)
        )

    async def list(self, since: datetime, until: datetime, cursor: str | None = None) -> Outcome:
        self.calls.add("GET /payments")
        return _sorted(await self.gateway.list_payments(since, until, cursor, seconds=self.seconds))

    async def create_refund(self, key: UUID, body: dict[str, Any]) -> Outcome:
        self.calls.add("POST /refunds")
        raw = json.dumps(body).encode()
        return _sorted(await self.gateway.create_refund(key, raw, seconds=self.seconds))

    async def find_refund(self, provider_id: str) -> Outcome:
        self.calls.add("GET /refunds/{id}")
        return _sorted(await self.gateway.find_refund(provider_id, seconds=self.seconds))

    async def list_refunds(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        payment_id: str | None = None,
    ) -> Outcome:
        self.calls.add("GET /refunds")
        return _sorted(
            await self.gateway.list_refunds(
                since, until, cursor, payment_id=payment_id, seconds=self.seconds
            )
        )


def _sorted(
    answer: Accepted | RefundAccepted | Refused | Unknown | Missing | PaymentList | RefundList,
) -> Outcome:
    match answer:
        case RefundAccepted():
            return Outcome("done", refund=answer.refund)
        case RefundList():
            return Outcome("done", refunds=tuple(answer.items), next_cursor=answer.next_cursor)
        case Accepted():
            return Outcome("done", payment=answer.payment)
        case PaymentList():
            return Outcome("done", items=tuple(answer.items), next_cursor=answer.next_cursor)
        case Refused():
            return Outcome("refused", answer.code, answer.description)
        case _:
            return Outcome("missing" if isinstance(answer, Missing) else "unknown")
