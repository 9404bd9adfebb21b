"""What billing needs from a provider, in billing's words. Outcomes are values, never exceptions.

Unknown is the outcome that matters: the provider may or may not have done it, so the intention
stays open and is repeated with the same key and the same bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from billing.platform.money import Money


@dataclass(frozen=True, slots=True)
class Shop:
    """Whose money it is: an answer about another shop, or a test payment in earnest, is refused."""

    account_id: str
    accepts_test: bool


@dataclass(frozen=True, slots=True)
class ProviderPayment:
    """The provider's object as of one answer; `status` is its word, known to us or not."""

    id: str
    status: str
    amount: Money | None
    account_id: str
    test: bool
    payment_uid: str | None
    created_at: datetime | None
    captured_at: datetime | None
    confirmation_url: str | None
    cancellation_party: str | None
    cancellation_reason: str | None
    expires_at: datetime | None = None  # until when held money may be captured


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    payment_id: UUID
    amount: Money
    description: str | None
    return_url: str
    request_id: str
    capture: bool = True


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """The provider's refund as of one answer. `payment_id` is the provider's own of the payment;
    `refund_uid` is ours, and absent where the refund was made in the provider's cabinet.
    """

    id: str
    status: str
    amount: Money | None
    payment_id: str | None
    refund_uid: str | None
    created_at: datetime | None
    cancellation_reason: str | None


@dataclass(frozen=True, slots=True)
class RefundIntent:
    """`payment_id` is the provider's."""

    refund_id: UUID
    payment_id: str
    amount: Money
    reason: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    payment: ProviderPayment


@dataclass(frozen=True, slots=True)
class RefundAccepted:
    refund: ProviderRefund


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not done. `temporary`: not for what was asked but for the moment or our rights."""

    code: str
    description: str
    temporary: bool
    retry_after_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody can tell whether it was done; not `is_sent`: it was not even asked, so not now."""

    why: str
    is_sent: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider answered clearly that there is no such object."""


@dataclass(frozen=True, slots=True)
class PaymentList:
    items: list[ProviderPayment]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RefundList:
    items: list[ProviderRefund]
    next_cursor: str | None


CreateOutcome = Accepted | Refused | Unknown
CaptureOutcome = Accepted | Refused | Unknown
CancelOutcome = Accepted | Refused | Unknown
FindOutcome = Accepted | Missing | Unknown
ListOutcome = PaymentList | Unknown
RefundOutcome = RefundAccepted | Refused | Unknown
FindRefundOutcome = RefundAccepted | Missing | Unknown
RefundListOutcome = RefundList | Unknown


class PaymentGateway(Protocol):
    @property
    def shop(self) -> Shop: ...

    def may_ask(self, wanted: int) -> int:
        """How many of so many calls would be made now: none while the provider is left alone."""
        ...

    def write_intent(self, intent: PaymentIntent) -> bytes:
        """The exact bytes to send; kept, because a repeat must not differ in one of them."""
        ...

    def write_capture(self, part: Money | None) -> bytes:
        """None captures all that is held."""
        ...

    async def create_payment(self, key: UUID, body: bytes, *, seconds: float) -> CreateOutcome: ...

    async def capture_payment(
        self, key: UUID, provider_id: str, body: bytes, *, seconds: float
    ) -> CaptureOutcome:
        """Once a payment; what is not captured goes back to the payer by itself."""
        ...

    async def cancel_payment(self, key: UUID, provider_id: str, *, seconds: float) -> CancelOutcome:
        """Gives held money back; what is only pending the provider refuses to cancel."""
        ...

    async def find_payment(self, provider_id: str, *, seconds: float = 10) -> FindOutcome: ...

    async def list_payments(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        seconds: float = 10,
    ) -> ListOutcome: ...

    def write_refund(self, intent: RefundIntent) -> bytes:
        """The exact bytes to send; kept, because a repeat must not differ in one of them."""
        ...

    async def create_refund(self, key: UUID, body: bytes, *, seconds: float) -> RefundOutcome:
        """Of a payment that was taken, whole or a part; any number of them."""
        ...

    async def find_refund(self, provider_id: str, *, seconds: float = 10) -> FindRefundOutcome: ...

    async def list_refunds(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        payment_id: str | None = None,
        seconds: float = 10,
    ) -> RefundListOutcome:
        """`payment_id` is the provider's: only the refunds of that payment."""
        ...
