"""The books' tables. Append-only and zero-sum by triggers, whoever connects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, Column, DateTime, ForeignKey, Identity, Text
from sqlmodel import Field, SQLModel


class AccountRow(SQLModel, table=True):
    __tablename__ = "accounts"

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    kind: str = Field(sa_type=Text)
    customer_id: str | None = Field(default=None, sa_type=Text)
    currency: str = Field(sa_type=CHAR(3))


class JournalRow(SQLModel, table=True):
    __tablename__ = "journals"

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    payment_id: UUID | None = Field(default=None, sa_column=Column(ForeignKey("payments.id")))
    subject_id: UUID | None = None
    corrects: UUID | None = Field(default=None, sa_column=Column(ForeignKey("journals.id")))
    at: datetime = Field(sa_type=DateTime(timezone=True))
    description: str = Field(sa_type=Text)


class PostingRow(SQLModel, table=True):
    __tablename__ = "postings"

    journal_id: UUID = Field(
        sa_column=Column(ForeignKey("journals.id"), primary_key=True, nullable=False)
    )
    line_no: int = Field(primary_key=True)
    account_id: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=CHAR(3))
    amount_minor: int = Field(sa_type=BigInteger)
