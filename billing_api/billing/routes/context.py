"""What the routes work with, made once by the root and found on the application."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter

from billing.gateway.port import PaymentGateway
from billing.platform.clock import Clock
from billing.platform.database import Database
from billing.platform.tokens import TokenVerifier
from billing.platform.wakeups import Waker


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """What may be asked for: amounts in minor units, where people may be sent back to."""

    min_minor: int
    max_minor: int
    return_hosts: frozenset[str]
    default_return_url: str


@dataclass(frozen=True, slots=True)
class AdjustmentTerms:
    """How much a role may credit by hand at once, in minor units."""

    finance_max_minor: int
    admin_max_minor: int


@dataclass(frozen=True, slots=True)
class NotificationTerms:
    """Who may notify. `enforce` False lets strangers in and only counts them."""

    secret: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    enforce: bool


@dataclass(frozen=True, slots=True)
class Metrics:
    registry: CollectorRegistry
    refused_notifications: Counter


@dataclass(frozen=True, slots=True)
class Context:
    database: Database
    gateway: PaymentGateway
    clock: Clock
    tokens: TokenVerifier
    waker: Waker
    payments: PaymentTerms
    adjustments: AdjustmentTerms
    notifications: NotificationTerms
    metrics: Metrics


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def make_metrics() -> Metrics:
    registry = CollectorRegistry()
    return Metrics(
        registry,
        Counter(
            "billing_notifications_refused",
            "Notifications from addresses that are not the provider's",
            registry=registry,
        ),
    )
