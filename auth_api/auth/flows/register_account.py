"""A person makes an account: row, role `customer`, audit event and feed in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from auth.accounts import queries as accounts
from auth.accounts.problems import WeakPassword
from auth.accounts.rules import password_fault
from auth.accounts.store import add_account
from auth.accounts.tables import Account
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.changes.store import append
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.ids import new_id
from auth.roles.rules import Role
from auth.roles.store import grant_role
from auth.throttle.rules import Limits, source_of
from auth.throttle.store import count_try


@dataclass(frozen=True, slots=True)
class Registration:
    username: str
    email: str
    password: str


def register_account(
    db: Database,
    clock: Clock,
    passwords: PasswordPool,
    command: Registration,
    *,
    limits: Limits,
    origin: Origin,
) -> Account:
    """Raises WeakPassword, UsernameTaken, EmailTaken, TooManyRequests."""
    fault = password_fault(command.password)
    if fault is not None:
        raise WeakPassword(fault)
    now = clock.now()
    limit = limits.registrations_per_minute
    with db.begin() as session:
        count_try(session, "registration", source_of(origin.address), limit=limit, now=now)
    with db.read() as session:
        accounts.check_free(session, username=command.username, email=command.email)
    # Between transactions: a hash takes as long as many statements, and holds no connection.
    password_hash = passwords.hash(command.password)
    with db.begin() as session:
        account = add_account(
            session,
            account_id=new_id(),
            username=command.username,
            email=command.email,
            password_hash=password_hash,
            now=now,
        )
        grant_role(session, account.id, Role.CUSTOMER.value, now=now)
        record(session, Event.REGISTERED, now=now, origin=origin, account_id=account.id)
        append(
            session,
            kind="account",
            object_id=str(account.id),
            version=account.version,
            at=now,
            data=account.snapshot([Role.CUSTOMER.value]),
        )
    return account
