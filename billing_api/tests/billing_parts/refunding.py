"""Refunds in the hands of a test: a payment that was taken, our own flows, the provider's side."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from billing.flows.create_payment import create_payment
from billing.flows.find_refunds import find_refunds
from billing.flows.poll_payment import poll_payment
from billing.flows.poll_refunds import poll_refunds
from billing.flows.recover_refunds import recover_refunds
from billing.flows.refund_to_balance import RefundToBalance, refund_to_balance
from billing.flows.refund_to_card import RefundToCard, refund_to_card
from billing.gateway.port import PaymentGateway
from billing.idempotency.rules import Answered, KeyScope
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.platform.clock import ManualClock
from billing.platform.database import Database
from billing.platform.money import Money
from billing.refunds.queries import get_refund
from billing.refunds.rules import Refund
from billing_parts.orders import order
from billing_parts.processes import NO_TLS
from billing_parts.provider import Sandbox

STAFF = "support"


@dataclass(frozen=True)
class Till:
    """One customer's payments and refunds, with as few words as can be."""

    database: Database
    gateway: PaymentGateway
    clock: ManualClock
    sandbox: Sandbox
    customer: str

    async def take(self, minor: int = 134200, *, seen: bool = True) -> Payment:
        """A payment that was paid; with `seen` False we have not heard of that yet."""
        command = order(self.customer, minor)
        created = await create_payment(self.database, self.gateway, self.clock, command, None)
        payment = await self.payment(UUID(created.payment_id))
        assert payment.provider_id is not None
        self.sandbox.succeed(payment.provider_id)
        if not seen:
            return payment
        self.clock.advance(seconds=5)
        payment = await poll_payment(self.database, self.gateway, self.clock, payment.id)
        assert payment.status is PaymentStatus.SUCCEEDED
        return payment

    async def refund(
        self, payment: Payment, minor: int | None = None, *, key: str | None = None,
        owner: str | None = None, currency: str = "RUB", through: PaymentGateway | None = None,
    ) -> Answered:  # fmt: skip
        part = None if minor is None else Money(minor, currency)
        command = RefundToCard(payment.id, owner, part, "a test", owner or STAFF, "a-request")
        gateway = through or self.gateway
        scope = self._scope(key, minor)
        return await refund_to_card(self.database, gateway, self.clock, command, scope)

    async def give_back(
        self, payment: Payment, minor: int | None = None, *, key: str | None = None,
        owner: str | None = None,
    ) -> Answered:  # fmt: skip
        part = None if minor is None else Money(minor, "RUB")
        wish = RefundToBalance(payment.id, owner, part, "a test", owner or STAFF)
        return await refund_to_balance(self.database, self.clock, wish, self._scope(key, minor))

    async def work(self, **waited: float) -> None:
        """What the worker does about refunds, some business time later."""
        self.clock.advance(**waited)
        while await recover_refunds(self.database, self.gateway, self.clock):
            pass
        while await poll_refunds(self.database, self.gateway, self.clock):
            pass

    async def look(self) -> int:
        return await find_refunds(self.database, self.gateway, self.clock)

    async def payment(self, payment_id: UUID) -> Payment:
        async with self.database.read() as session:
            return await get_payment(session, payment_id, None)

    async def read(self, answered: Answered) -> Refund:
        async with self.database.read() as session:
            return await get_refund(session, answered.object_id, None)

    def theirs(self, payment: Payment) -> list[dict[str, Any]]:
        """The provider's refunds of it, newest first."""
        address = f"{self.sandbox.url}/_sandbox/refunds"
        wanted = {"payment_id": payment.provider_id or ""}
        answer = httpx.get(address, params=wanted, timeout=20, verify=NO_TLS)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def in_cabinet(self, payment: Payment, value: str | None = None) -> None:
        """Somebody refunds it there, without any word to us."""
        amount = {} if value is None else {"amount": {"value": value, "currency": "RUB"}}
        self.sandbox.control("/refunds", payment_id=payment.provider_id, **amount)

    def fault(self, mode: str, **more: Any) -> None:
        what = {"method": "POST", "path": "/v3/refunds*", "times": 1}
        self.sandbox.control("/faults", mode=mode, **{**what, **more})

    def _scope(self, key: str | None, minor: int | None) -> KeyScope | None:
        if key is None:
            return None
        return KeyScope(self.customer, "POST /refund", key, str(minor).encode())
