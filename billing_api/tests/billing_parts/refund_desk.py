"""Refunds that wait for a person in the hands of a test: how they come to, and what is decided."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from billing.flows.decide_refund import decide_refund
from billing.flows.settle_payment import Effect
from billing.flows.settle_refund import settle_refund
from billing.gateway.port import (
    FindRefundOutcome,
    PaymentGateway,
    ProviderRefund,
    RefundAccepted,
    RefundOutcome,
)
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.platform.money import Money
from billing.refunds.queries import get_refund
from billing.refunds.rules import Refund
from billing.review.queries import get_reviewed, list_for_review
from billing.review.rules import Action, Decision, Kind, why_in_review
from billing_parts.provider import SECRET_KEY, SHOP_ID, Sandbox
from billing_parts.refunding import Till

LESS = {"amount": Money(399, "RUB")}
_ATTEMPT = text("SELECT id, body FROM payment_attempts WHERE refund_id = :refund_id")


class Bent(YooKassaGateway):
    """The same client; what the provider shows of a refund is bent on its way."""

    def __init__(self, sandbox: Sandbox, **change: Any) -> None:
        super().__init__(YooKassaAccount(sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True))
        self._change = change

    async def create_refund(self, key: UUID, body: bytes, *, seconds: float) -> RefundOutcome:
        return self._bent(await super().create_refund(key, body, seconds=seconds))

    async def find_refund(self, provider_id: str, *, seconds: float = 10) -> FindRefundOutcome:
        return self._bent(await super().find_refund(provider_id, seconds=seconds))

    def _bent(self, seen: object) -> RefundAccepted:
        assert isinstance(seen, RefundAccepted)
        return RefundAccepted(replace(seen.refund, **self._change))


@dataclass(frozen=True)
class Desk:
    till: Till

    async def held(self, **change: Any) -> tuple[UUID, str]:
        """4.00 of 10.00, made there; its first answer did not agree, and its id was not kept."""
        payment = await self.till.take(1000)
        async with Bent(self.till.sandbox, **(change or LESS)) as bent:
            refunded = await self.till.refund(payment, 400, through=bent)
        return refunded.object_id, self.till.theirs(payment)[0]["id"]

    async def opened(self) -> tuple[UUID, str]:
        """4.00 of 10.00, known on both sides, and the provider has not ended it."""
        payment = await self.till.take(1000)
        self.till.fault("refund_pending")
        refunded = await self.till.refund(payment, 400)
        return refunded.object_id, self.till.theirs(payment)[0]["id"]

    async def given_up(self) -> tuple[UUID, str]:
        """Canceled here because the provider never had it, and made there all the same."""
        payment = await self.till.take(1000)
        self.till.fault("error_500_before")
        refund_id = (await self.till.refund(payment, 400)).object_id
        await self.till.work(hours=25)
        assert (await self.read(refund_id)).cancellation_reason == "provider_never_received"
        async with self.till.database.read() as session:
            [kept] = await session.all(_ATTEMPT, {"refund_id": refund_id})
        body = bytes(kept["body"])
        made = await self.till.gateway.create_refund(kept["id"], body, seconds=10)
        assert isinstance(made, RefundAccepted)
        return refund_id, made.refund.id

    async def read(self, refund_id: UUID) -> Refund:
        async with self.till.database.read() as session:
            return await get_refund(session, refund_id, None)

    async def shown(self, refund_id: UUID) -> ProviderRefund:
        """The provider's newest refund of the same payment."""
        payment = await self.till.payment((await self.read(refund_id)).payment_id)
        seen = await self.till.gateway.find_refund(self.till.theirs(payment)[0]["id"])
        assert isinstance(seen, RefundAccepted)
        return seen.refund

    async def hear(self, refund_id: UUID, **change: Any) -> Effect:
        """The provider's word of it, changed on its way."""
        seen, now = await self.shown(refund_id), self.till.clock.now()
        async with self.till.database.begin() as session:
            settled = await settle_refund(session, refund_id, replace(seen, **change), now)
        return settled.effect

    async def decide(
        self, refund_id: UUID, action: Action, provider_id: str | None = None,
        reason: str = "looked at it", through: PaymentGateway | None = None,
    ) -> Refund:  # fmt: skip
        decision = Decision(refund_id, action, reason, "an operator", provider_id)
        gateway = through or self.till.gateway
        await decide_refund(self.till.database, gateway, self.till.clock, decision)
        return await self.read(refund_id)

    async def waits(self, refund_id: UUID) -> str | None:
        """What it waits for in the list, None where nothing."""
        now = self.till.clock.now()
        async with self.till.database.read() as session:
            listed = await list_for_review(session, Kind.REFUND, now, 1000)
            one = await get_reviewed(session, refund_id, now)
        found = [item.subject for item in listed if item.subject.id == refund_id]
        assert one.waits is bool(found)
        return why_in_review(found[0]) if found else None

    async def history(self, refund_id: UUID) -> list[tuple[Action, str, str, str]]:
        async with self.till.database.read() as session:
            item = await get_reviewed(session, refund_id, self.till.clock.now())
        return [(kept.action, kept.found, kept.reason, kept.decided_by) for kept in item.decisions]
