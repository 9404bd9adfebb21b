"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ChargeRow(SQLModel, table=True):
    __tablename__ = "charges"

    id: UUID = Field(primary_key=True)
    customer_id: str = Field(sa_type=Text)
    paid_minor: int = Field(sa_type=BigInteger)
    promo_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    reason: str = Field(sa_type=Text)
    metadata_: dict[str, Any] = Field(sa_column=Column("metadata", JSONB, nullable=False))
    hold_id: UUID | None = Field(
        default=None, sa_column=Column(ForeignKey("balance_holds.id"), unique=True)
    )
    requested_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    reversed_paid_minor: int = Field(sa_type=BigInteger)
    reversed_promo_minor: int = Field(sa_type=BigInteger)


class ChargeReversalRow(SQLModel, table=True):
    __tablename__ = "charge_reversals"

    id: UUID = Field(primary_key=True)
    charge_id: UUID = Field(sa_column=Column(ForeignKey("charges.id"), nullable=False))
    paid_minor: int = Field(sa_type=BigInteger)
    promo_minor: int = Field(sa_type=BigInteger)
    requested_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    refund_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("refunds.id")))
