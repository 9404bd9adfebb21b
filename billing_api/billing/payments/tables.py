"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, ForeignKey, LargeBinary, Text
from sqlmodel import Field, SQLModel

INSTANT = DateTime(timezone=True)


class PaymentRow(SQLModel, table=True):
    __tablename__ = "payments"

    id: UUID = Field(primary_key=True)
    customer_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    description: str | None = Field(default=None, sa_type=Text)
    return_url: str = Field(sa_type=Text)
    confirmation_url: str | None = Field(default=None, sa_type=Text)
    provider_id: str | None = Field(default=None, sa_type=Text, unique=True)
    provider_status: str | None = Field(default=None, sa_type=Text)
    undecided: bool
    test: bool | None = None
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    paid_at: datetime | None = Field(default=None, sa_type=INSTANT)
    canceled_at: datetime | None = Field(default=None, sa_type=INSTANT)
    cancellation_party: str | None = Field(default=None, sa_type=Text)
    cancellation_reason: str | None = Field(default=None, sa_type=Text)
    quarantine_reason: str | None = Field(default=None, sa_type=Text)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=INSTANT)
    cancel_requested_by: str | None = Field(default=None, sa_type=Text)
    capture: bool = True
    on_expiry: str | None = Field(default=None, sa_type=Text)
    capture_before: datetime | None = Field(default=None, sa_type=INSTANT)
    captured_minor: int = Field(default=0, sa_type=BigInteger)
    capture_wish_minor: int | None = Field(default=None, sa_type=BigInteger)
    refunded_minor: int = Field(default=0, sa_type=BigInteger)
    refunding_minor: int = Field(default=0, sa_type=BigInteger)
    version: int = Field(sa_type=BigInteger)


class AttemptRow(SQLModel, table=True):
    __tablename__ = "payment_attempts"

    id: UUID = Field(primary_key=True)
    payment_id: UUID = Field(sa_column=Column(ForeignKey("payments.id"), nullable=False))
    number: int
    kind: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    state: str = Field(sa_type=Text)
    sends: int
    created_at: datetime = Field(sa_type=INSTANT)
    next_at: datetime | None = Field(default=None, sa_type=INSTANT)
    lease_until: datetime | None = Field(default=None, sa_type=INSTANT)
    last_outcome: str | None = Field(default=None, sa_type=Text)
    refund_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("refunds.id")))


class PollRow(SQLModel, table=True):
    __tablename__ = "payment_polls"

    payment_id: UUID = Field(
        sa_column=Column(ForeignKey("payments.id"), primary_key=True, nullable=False)
    )
    next_at: datetime | None = Field(default=None, sa_type=INSTANT)
    asked_at: datetime | None = Field(default=None, sa_type=INSTANT)


class DecisionRow(SQLModel, table=True):
    __tablename__ = "payment_decisions"

    id: UUID = Field(primary_key=True)
    payment_id: UUID = Field(sa_column=Column(ForeignKey("payments.id"), nullable=False))
    action: str = Field(sa_type=Text)
    found: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    decided_by: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=INSTANT)
    refund_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("refunds.id")))
