"""The feed's table; `xid` is filled by the database and is what readers order by."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ChangeRow(SQLModel, table=True):
    __tablename__ = "changes"

    seq: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    kind: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    data: dict[str, Any] = Field(sa_type=JSONB)
