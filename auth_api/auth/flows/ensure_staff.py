"""An operator makes a staff account, or gives an existing one this password and this role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from auth.accounts.problems import WeakPassword
from auth.accounts.queries import find_by_username
from auth.accounts.rules import normal_email, normal_username, password_fault
from auth.accounts.store import (
    add_account,
    lock_account_by_username,
    raise_version,
    set_password_hash,
)
from auth.accounts.tables import Account
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.changes.store import append
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.ids import new_id
from auth.roles.queries import grants_of
from auth.roles.rules import Role
from auth.roles.store import grant_role
from auth.sessions.store import end_all

OPERATOR = Origin(address="cli")


@dataclass(frozen=True, slots=True)
class Staff:
    username: str
    email: str
    password: str
    role: Role


def ensure_staff(db: Database, clock: Clock, passwords: PasswordPool, command: Staff) -> bool:
    """True when the account was made. Raises WeakPassword, EmailTaken, ValueError."""
    fault = password_fault(command.password)
    if fault is not None:
        raise WeakPassword(fault)
    username, email = normal_username(command.username), normal_email(command.email)
    with db.read() as session:
        before = find_by_username(session, username)
    stored_before = before.password_hash if before else None
    is_same = passwords.matches(stored_before, command.password)
    password_hash = passwords.hash(command.password)
    now = clock.now()
    with db.begin() as session:
        account = lock_account_by_username(session, username)
        made = account is None
        if account is None:
            account = add_account(
                session,
                account_id=new_id(),
                username=username,
                email=email,
                password_hash=password_hash,
                now=now,
            )
            record(session, Event.REGISTERED, now=now, origin=OPERATOR, account_id=account.id)
        else:
            # Who had the password of before must not go on with its sessions. The launcher sets the
            # same one at each start, which ends nothing.
            if account.password_hash != stored_before or not is_same:
                end_all(session, account.id, now=now)
            set_password_hash(session, account.id, password_hash, now=now)
            record(session, Event.PASSWORD_SET, now=now, origin=OPERATOR, account_id=account.id)
        if _grant(session, account, command.role, now=now):
            if not made:
                raise_version(session, account, now=now)
            _publish(session, account, now=now)
    return made


def _grant(session: Session, account: Account, role: Role, *, now: datetime) -> bool:
    """Every account is a customer too. True when the account's roles are other than before."""
    changed = False
    for wanted in dict.fromkeys((Role.CUSTOMER, role)):
        if grant_role(session, account.id, wanted.value, now=now):
            changed = True
            record(
                session,
                Event.ROLE_GRANTED,
                now=now,
                origin=OPERATOR,
                account_id=account.id,
                detail={"role": wanted.value},
            )
    return changed


def _publish(session: Session, account: Account, *, now: datetime) -> None:
    append(
        session,
        kind="account",
        object_id=str(account.id),
        version=account.version,
        at=now,
        data=account.snapshot(grants_of(session, account.id).roles),
    )
