"""Events to be told to subscribers, kept with what made them true."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class OutboxRow(SQLModel, table=True):
    __tablename__ = "outbox"

    id: UUID = Field(primary_key=True)
    event: str = Field(sa_type=Text)
    object_id: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=DateTime(timezone=True))
    data: dict[str, Any] = Field(sa_type=JSONB)
    delivered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
