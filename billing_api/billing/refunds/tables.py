"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, ForeignKey, Text
from sqlmodel import Field, SQLModel

INSTANT = DateTime(timezone=True)


class RefundRow(SQLModel, table=True):
    __tablename__ = "refunds"

    id: UUID = Field(primary_key=True)
    payment_id: UUID = Field(sa_column=Column(ForeignKey("payments.id"), nullable=False))
    customer_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    reason: str = Field(sa_type=Text)
    sent_to: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    requested_by: str | None = Field(default=None, sa_type=Text)
    provider_id: str | None = Field(default=None, sa_type=Text, unique=True)
    provider_status: str | None = Field(default=None, sa_type=Text)
    undecided: bool
    cancellation_reason: str | None = Field(default=None, sa_type=Text)
    quarantine_reason: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT)
    next_poll_at: datetime | None = Field(default=None, sa_type=INSTANT)


class RefundScanRow(SQLModel, table=True):
    __tablename__ = "refund_scans"

    shop_id: str = Field(primary_key=True, sa_type=Text)
    read_until: datetime = Field(sa_type=INSTANT)
