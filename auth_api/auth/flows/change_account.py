"""A person changes the password or the e-mail address, on the word of the current password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from auth.accounts import queries as accounts
from auth.accounts.problems import WeakPassword, WrongPassword
from auth.accounts.rules import password_fault
from auth.accounts.store import lock_account, raise_version, set_email, set_password_hash
from auth.accounts.tables import Account
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.changes.store import append
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.problems import Unauthorized
from auth.roles.queries import grants_of
from auth.sessions.store import end_all
from auth.throttle.rules import Limits, check_pause, hash_change
from auth.throttle.store import (
    blocked_until,
    count_failure,
    forget_failures,
    lock_failures,
)


@dataclass(frozen=True, slots=True)
class AccountChange:
    """`session_id` goes on after a change of the password; every other session ends."""

    account_id: UUID
    session_id: UUID | None
    current_password: str
    new_password: str | None
    email: str | None


def change_account(
    db: Database,
    clock: Clock,
    passwords: PasswordPool,
    command: AccountChange,
    *,
    limits: Limits,
    origin: Origin,
) -> tuple[Account, list[str]]:
    """The account and its roles. Raises WrongPassword, WeakPassword, EmailTaken, TooManyRequests,
    and Unauthorized where the account is closed."""
    fault = None if command.new_password is None else password_fault(command.new_password)
    if fault is not None:
        raise WeakPassword(fault, pointer="/new_password")
    now = clock.now()
    compared = _prove(db, passwords, limits, command, now=now, origin=origin)
    new_hash = None if command.new_password is None else passwords.hash(command.new_password)
    with db.begin() as session:
        account = lock_account(session, command.account_id)
        # Changed since it was compared: the word no longer holds.
        if account is None or not account.is_active or account.password_hash != compared:
            raise WrongPassword
        roles = grants_of(session, account.id).roles
        if command.email is not None and command.email != account.email:
            set_email(session, account, command.email)
            raise_version(session, account, now=now)
            _note(session, Event.EMAIL_CHANGED, account, now=now, origin=origin)
            append(
                session,
                kind="account",
                object_id=str(account.id),
                version=account.version,
                at=now,
                data=account.snapshot(roles),
            )
        if new_hash is not None:
            set_password_hash(session, account.id, new_hash, now=now)
            end_all(session, account.id, but=command.session_id, now=now)
            _note(session, Event.PASSWORD_SET, account, now=now, origin=origin)
    return account, roles


def _prove(
    db: Database,
    passwords: PasswordPool,
    limits: Limits,
    command: AccountChange,
    *,
    now: datetime,
    origin: Origin,
) -> str:
    """The hash the current password was found to match. Guesses are counted."""
    with db.read() as session:
        account = accounts.find_active(session, command.account_id)
        if account is None:
            raise Unauthorized("The account of this token is closed.")
        guesses = hash_change(account.id)
        until = blocked_until(session, guesses)
    check_pause(until, now)
    matches = passwords.matches(account.password_hash, command.current_password)
    with db.begin() as session:
        lock_failures(session, guesses, now=now)
        if matches:
            forget_failures(session, guesses)
        else:
            count_failure(session, guesses, limits, now=now)
            _note(session, Event.CHANGE_REFUSED, account, now=now, origin=origin)
    if not matches:
        raise WrongPassword
    return account.password_hash


def _note(
    session: Session, event: Event, account: Account, *, now: datetime, origin: Origin
) -> None:
    record(session, event, now=now, origin=origin, account_id=account.id)
