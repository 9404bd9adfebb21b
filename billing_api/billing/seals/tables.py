"""One row a sealed day. Append-only by trigger and by grants."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class SealRow(SQLModel, table=True):
    __tablename__ = "seals"

    day: date = Field(primary_key=True)
    ends_at: datetime = Field(sa_type=DateTime(timezone=True))
    journals: int = Field(sa_type=BigInteger)
    late: int = Field(sa_type=BigInteger)
    postings: int = Field(sa_type=BigInteger)
    totals: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    previous: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False, unique=True))
    sealed_at: datetime = Field(sa_type=DateTime(timezone=True))
