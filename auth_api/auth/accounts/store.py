"""Writes to accounts; every change that others see raises the row's version under its lock."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from auth.accounts.problems import EmailTaken, UsernameTaken
from auth.accounts.rules import fold
from auth.accounts.tables import Account


def add_account(
    session: Session,
    *,
    account_id: UUID,
    username: str,
    email: str,
    password_hash: str,
    now: datetime,
) -> Account:
    """Raises UsernameTaken or EmailTaken; the database decides, so two at once cannot both win."""
    account = Account(
        id=account_id,
        username=username,
        username_folded=fold(username),
        email=email,
        email_folded=fold(email),
        password_hash=password_hash,
        is_active=True,
        version=1,
        created_at=now,
        updated_at=now,
    )
    session.add(account)
    _flush(session)
    return account


def set_email(session: Session, account: Account, email: str) -> None:
    """Call with the row locked; raises EmailTaken."""
    account.email, account.email_folded = email, fold(email)
    _flush(session)


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as clash:
        constraint = getattr(getattr(clash.orig, "diag", None), "constraint_name", "")
        if constraint == "uq_accounts_username_folded":
            raise UsernameTaken from None
        if constraint == "uq_accounts_email_folded":
            raise EmailTaken from None
        raise


def lock_account(session: Session, account_id: UUID) -> Account | None:
    return session.scalar(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def share_account(session: Session, account_id: UUID) -> Account | None:
    """As it is now, and as it stays until the transaction ends."""
    return session.scalar(
        select(Account)
        .where(Account.id == account_id, Account.is_active)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )


def lock_account_by_username(session: Session, username: str) -> Account | None:
    return session.scalar(
        select(Account).where(Account.username_folded == fold(username)).with_for_update()
    )


def raise_version(session: Session, account: Account, *, now: datetime) -> None:
    """Call with the row locked."""
    account.version += 1
    account.updated_at = now
    session.flush()


def set_password_hash(
    session: Session, account_id: UUID, password_hash: str, *, now: datetime
) -> None:
    session.execute(
        update(Account)
        .where(Account.id == account_id)
        .values(password_hash=password_hash, updated_at=now)
    )
