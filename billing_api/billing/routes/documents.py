"""Answers' shapes for the description; the bytes themselves are made by the slices."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class PaymentView(BaseModel):
    id: str
    status: Literal["pending", "waiting_for_capture", "succeeded", "canceled"]
    value: str = Field(examples=["1342.00"])
    currency: str = Field(examples=["RUB"])
    description: str | None
    confirmation_url: str | None = Field(description="Where to pay; null when there is nothing to")
    created_at: str
    paid_at: str | None
    canceled_at: str | None
    cancel_requested_at: str | None = Field(description="Since when no payment is wanted")
    cancellation_reason: str | None
    return_url: str
    captured_value: str = Field(description="0.00 until money is taken", examples=["1342.00"])
    refunded_value: str = Field(description="What of it went back", examples=["0.00"])
    capture_before: str | None = Field(description="Until when held money can be captured")


class PaymentPage(BaseModel):
    items: list[PaymentView]
    next_cursor: str | None


class BalanceView(BaseModel):
    currency: str = Field(examples=["RUB"])
    available: str = Field(examples=["1342.00"])
    held: str = Field(examples=["0.00"])


class BalanceList(BaseModel):
    items: list[BalanceView]


class StatementLineView(BaseModel):
    id: str = Field(description="The journal's id")
    at: str
    kind: str = Field(examples=["payment"])
    description: str
    payment_id: str | None
    value: str = Field(description="By how much the balance moved, signed", examples=["1342.00"])
    balance: str = Field(description="The balance after this line", examples=["1342.00"])


class StatementView(BaseModel):
    """opening_balance + every value = closing_balance; both are of the whole period."""

    currency: str = Field(examples=["RUB"])
    from_: str | None = Field(alias="from")
    to: str | None = Field(description="The first instant after the period")
    opening_balance: str = Field(examples=["0.00"])
    lines: list[StatementLineView]
    closing_balance: str = Field(examples=["1342.00"])
    next_cursor: str | None


ChangeKind = Literal["payment", "balance", "journal"]


class ChangeView(BaseModel):
    position: str
    kind: ChangeKind
    id: str
    version: int
    at: str
    data: dict[str, Any]


class ChangePage(BaseModel):
    items: list[ChangeView]
    next_after: str


class ParityDayView(BaseModel):
    day: str | None = Field(description="UTC; null where an object names none")
    count: int
    sum: str = Field(examples=["1342.00"])
    checksum: str


class ParityPage(BaseModel):
    kind: ChangeKind
    at: str
    days: list[ParityDayView]
