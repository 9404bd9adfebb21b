"""What a process does until it dies: our own flows, one piece of work each, nothing around them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.capture_payment import CapturePayment, capture_payment
from billing.flows.claim_polls import claim_polls
from billing.flows.create_payment import CreatePayment, create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.flows.recover_refunds import recover_refunds
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.idempotency.rules import KeyScope
from billing.inbox.rules import Arrival
from billing.payments.rules import OnExpiry
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.platform.money import Money
from harness.debits import DEBITS, Debit
from harness.naive import naive_create
from harness.refunds import REFUNDS

PROVIDER_SOURCE = "127.0.0.53"
CREATORS = {"create": create_payment, "naive": naive_create}


@dataclass(frozen=True)
class Site:
    """Where everything is; `ca_file` only spares each process the loading of a hundred others."""

    database_url: str
    api_url: str
    shop_id: str
    secret_key: str
    ca_file: str

    def gateway(self) -> YooKassaGateway:
        account = YooKassaAccount(
            self.api_url, self.shop_id, self.secret_key, accepts_test=True, ca_file=self.ca_file
        )
        return YooKassaGateway(account)


def part_of(minor: int) -> int:
    """What is captured of a held payment, the provider's minimum at least."""
    return max(100, minor // 3)


@dataclass(frozen=True)
class Order:
    """One death: who does what, at which instant, and the point where it ends."""

    act: str
    point: str
    now: str
    customer: str
    minor: int
    notification: str = ""
    object_id: str = ""
    two_stages: bool = False

    @property
    def command(self) -> CreatePayment:
        return CreatePayment(
            customer_id=self.customer,
            amount=Money(self.minor, "RUB"),
            description="Оплата подписки",
            return_url=None,
            default_return_url="https://shop.test/pay/return/{id}",
            request_id=f"request-{self.customer}",
            capture=not self.two_stages,
            on_expiry=OnExpiry.RELEASE if self.two_stages else None,
        )

    @property
    def scope(self) -> KeyScope:
        """One purchase a customer, so one key; a repeat is the same request in every byte."""
        meaning = f"{self.minor} RUB".encode()
        return KeyScope(self.customer, "POST /api/v1/payment", "the-purchase", meaning)

    @property
    def capture(self) -> tuple[CapturePayment, KeyScope]:
        """A part where there is enough for one; the key of its own route."""
        command = CapturePayment(
            UUID(self.object_id), self.customer, Money(part_of(self.minor), "RUB")
        )
        route = "POST /api/v1/payment/{id}/capture"
        return command, KeyScope(self.customer, route, "the-capture", b"a part")

    @property
    def cancel(self) -> tuple[CancelPayment, KeyScope]:
        command = CancelPayment(UUID(self.object_id), self.customer, self.customer)
        route = "POST /api/v1/payment/{id}/cancel"
        return command, KeyScope(self.customer, route, "the-cancellation", b"all of it")

    @property
    def instant(self) -> datetime:
        return datetime.fromisoformat(self.now)


@dataclass(frozen=True)
class Tools:
    database: Database
    gateway: YooKassaGateway
    clock: Clock


def _creating(name: str) -> Callable[[Tools, Order], Awaitable[object]]:
    async def act(tools: Tools, order: Order) -> object:
        create = CREATORS[name]
        return await create(tools.database, tools.gateway, tools.clock, order.command, order.scope)

    return act


async def _capture(tools: Tools, order: Order) -> None:
    command, scope = order.capture
    await capture_payment(tools.database, tools.gateway, tools.clock, command, scope)


async def _cancel(tools: Tools, order: Order) -> None:
    command, scope = order.cancel
    await cancel_payment(tools.database, tools.gateway, tools.clock, command, scope)


async def _receive(tools: Tools, order: Order) -> None:
    arrival = Arrival(order.notification.encode(), PROVIDER_SOURCE, "delivered")
    await receive_notification(tools.database, tools.clock, arrival)


async def _read_inbox(tools: Tools, _: Order) -> None:
    await process_notifications(tools.database, tools.gateway, tools.clock, limit=1)


async def _poll(tools: Tools, _: Order) -> None:
    for payment_id in await claim_polls(tools.database, tools.clock, 1):
        await poll_payment(tools.database, tools.gateway, tools.clock, payment_id)


async def _recover(tools: Tools, _: Order) -> None:
    await recover_attempts(tools.database, tools.gateway, tools.clock, limit=1)


def _debiting(name: str) -> Callable[[Tools, Order], Awaitable[object]]:
    async def act(tools: Tools, order: Order) -> object:
        debit = Debit(order.customer, order.minor, order.object_id)
        return await DEBITS[name](tools.database, tools.clock, debit)

    return act


async def _recover_refunds(tools: Tools, _: Order) -> None:
    await recover_refunds(tools.database, tools.gateway, tools.clock, limit=1)


def _refunding(name: str) -> Callable[[Tools, Order], Awaitable[object]]:
    async def act(tools: Tools, order: Order) -> object:
        debit = Debit(order.customer, order.minor, order.object_id)
        return await REFUNDS[name](tools.database, tools.gateway, tools.clock, debit)

    return act


ACTS: dict[str, Callable[[Tools, Order], Awaitable[object]]] = {
    "create": _creating("create"),
    "naive": _creating("naive"),
    "capture payment": _capture,
    "cancel payment": _cancel,
    "receive": _receive,
    "inbox": _read_inbox,
    "poll": _poll,
    "recover": _recover,
    "recover refunds": _recover_refunds,
    **{name: _debiting(name) for name in DEBITS},
    **{name: _refunding(name) for name in REFUNDS},
}
