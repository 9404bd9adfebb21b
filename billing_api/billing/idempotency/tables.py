"""Keys and the final answers they stand for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, SmallInteger, Text
from sqlmodel import Field, SQLModel


class IdempotencyRow(SQLModel, table=True):
    __tablename__ = "idempotency_keys"

    caller: str = Field(primary_key=True, sa_type=Text)
    route: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    body_hash: bytes = Field(sa_type=LargeBinary)
    object_id: UUID
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    lease_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    answer_status: int | None = Field(default=None, sa_type=SmallInteger)
    answer_body: bytes | None = Field(default=None, sa_type=LargeBinary)
