"""Shapes of the review for the description; the slices make the bytes."""

from typing import Literal

from pydantic import BaseModel, Field

from billing.routes.documents import PaymentView
from billing.routes.refund_bodies import RefundView

ReviewKind = Literal["payment", "refund", "receivable"]
ReviewAction = Literal["release", "close"]


class AttemptView(BaseModel):
    kind: Literal["create", "capture", "cancel", "refund"]
    state: Literal["sent", "unknown", "lookup", "waiting", "accepted", "refused", "lost"]
    outcome: str | None = Field(description="What the last call came to, where that is kept")
    sends: int = Field(description="How often it was sent, always with the same key and bytes")
    created_at: str
    next_at: str | None


class DecisionView(BaseModel):
    action: ReviewAction
    found: str = Field(description="The item's reason at that time")
    reason: str = Field(description="Why it was decided so")
    decided_by: str
    at: str


class Known(BaseModel):
    provider_id: str | None
    provider_status: str | None = Field(description="The provider's own word, also a new one")
    last_attempt: AttemptView | None = Field(description="Our last order to the provider")
    decisions: list[DecisionView] = Field(description="What was decided so far, oldest first")


class KnownPayment(Known):
    payment: PaymentView


class KnownRefund(Known):
    refund: RefundView
    cancellation_reason: str | None = Field(description="Why it was canceled, a stable word")


class KnownDebt(BaseModel):
    value: str = Field(description="What is owed", examples=["150.00"])
    currency: str = Field(examples=["RUB"])


class ReviewItemView(BaseModel):
    id: str = Field(description="The payment's or refund's, or of the journal that began the debt")
    kind: ReviewKind
    reason: str | None = Field(
        description="What it waits for, a stable word; null: nothing waits any more",
        examples=["amount_mismatch"],
    )
    since: str | None
    customer_id: str
    known: KnownPayment | KnownRefund | KnownDebt
    actions: list[ReviewAction] = Field(description="The ways out that are legal now")


class ReviewPage(BaseModel):
    items: list[ReviewItemView]
    next_cursor: str | None
