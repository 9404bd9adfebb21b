"""Reads of accounts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.accounts.problems import EmailTaken, UsernameTaken
from auth.accounts.rules import fold
from auth.accounts.tables import Account


def find_by_username(session: Session, username: str) -> Account | None:
    return session.scalar(select(Account).where(Account.username_folded == fold(username)))


def find_active(session: Session, account_id: UUID) -> Account | None:
    return session.scalar(select(Account).where(Account.id == account_id, Account.is_active))


def check_free(session: Session, *, username: str, email: str) -> None:
    """Answers early, before the expensive hash; the unique keys remain the judge."""
    if session.scalar(select(Account.id).where(Account.username_folded == fold(username))):
        raise UsernameTaken
    if session.scalar(select(Account.id).where(Account.email_folded == fold(email))):
        raise EmailTaken


def find_by_id(session: Session, account_id: UUID) -> Account | None:
    return session.get(Account, account_id)
