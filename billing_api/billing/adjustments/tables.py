"""Tables of the slice as declared; the migrations make them, a test compares the two."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, DateTime, Text
from sqlmodel import Field, SQLModel


class AdjustmentRow(SQLModel, table=True):
    __tablename__ = "balance_adjustments"

    id: UUID = Field(primary_key=True)
    customer_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    reason: str = Field(sa_type=Text)
    expires_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    made_by: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
