"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, ForeignKey, Text
from sqlmodel import Field, SQLModel


class GrantRow(SQLModel, table=True):
    __tablename__ = "promo_grants"

    id: UUID = Field(
        sa_column=Column(ForeignKey("balance_adjustments.id"), primary_key=True, nullable=False)
    )
    customer_id: str = Field(sa_type=Text)
    currency: str = Field(sa_type=CHAR(3))
    amount_minor: int = Field(sa_type=BigInteger)
    rest_minor: int = Field(sa_type=BigInteger)
    expired_minor: int = Field(sa_type=BigInteger)
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class ExpiryRow(SQLModel, table=True):
    __tablename__ = "promo_expiries"

    id: UUID = Field(primary_key=True)
    grant_id: UUID = Field(sa_column=Column(ForeignKey("promo_grants.id"), nullable=False))
    amount_minor: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=DateTime(timezone=True))


class UseRow(SQLModel, table=True):
    __tablename__ = "promo_uses"

    owner_id: UUID = Field(primary_key=True)
    grant_id: UUID = Field(
        sa_column=Column(ForeignKey("promo_grants.id"), primary_key=True, nullable=False)
    )
    amount_minor: int = Field(sa_type=BigInteger)
    returned_minor: int = Field(sa_type=BigInteger)
