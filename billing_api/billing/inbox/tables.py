"""Notifications as received; a repeat is counted, not stored again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel


class InboxRow(SQLModel, table=True):
    __tablename__ = "inbox"

    id: UUID = Field(primary_key=True)
    event: str | None = Field(default=None, sa_type=Text)
    object_id: str | None = Field(default=None, sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)
    body_hash: bytes = Field(sa_type=LargeBinary)
    source: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
    copies: int
    received_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_received_at: datetime = Field(sa_type=DateTime(timezone=True))
    attempts: int
    next_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    lease_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    outcome: str | None = Field(default=None, sa_type=Text)
    processed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
