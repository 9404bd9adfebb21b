"""One row a customer and currency: locked by whoever moves it, checked never negative."""

from datetime import datetime

from sqlalchemy import CHAR, BigInteger, DateTime, Text
from sqlmodel import Field, SQLModel


class BalanceRow(SQLModel, table=True):
    __tablename__ = "customer_balances"

    customer_id: str = Field(primary_key=True, sa_type=Text)
    currency: str = Field(primary_key=True, sa_type=CHAR(3))
    paid_minor: int = Field(sa_type=BigInteger)
    promo_minor: int = Field(sa_type=BigInteger)
    held_minor: int = Field(sa_type=BigInteger)
    receivable_minor: int = Field(sa_type=BigInteger)
    version: int = Field(sa_type=BigInteger)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
