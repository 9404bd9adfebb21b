"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class HoldRow(SQLModel, table=True):
    __tablename__ = "balance_holds"

    id: UUID = Field(primary_key=True)
    customer_id: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    paid_minor: int = Field(sa_type=BigInteger)
    promo_minor: int = Field(sa_type=BigInteger)
    captured_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    reason: str = Field(sa_type=Text)
    metadata_: dict[str, Any] = Field(sa_column=Column("metadata", JSONB, nullable=False))
    requested_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
