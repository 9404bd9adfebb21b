"""A name and a password become an access token and the first refresh token of a family."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from auth.accounts import queries as accounts
from auth.accounts.problems import InvalidCredentials
from auth.accounts.store import set_password_hash
from auth.accounts.tables import Account
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.tokens import Tokens
from auth.roles import queries as roles
from auth.sessions.store import start_family


@dataclass(frozen=True, slots=True)
class LoggedIn:
    access_token: str
    refresh_token: str


def log_in(
    db: Database,
    clock: Clock,
    passwords: PasswordPool,
    tokens: Tokens,
    *,
    username: str,
    password: str,
    origin: Origin,
) -> LoggedIn:
    """Raises InvalidCredentials, the same for every reason, and TooManyRequests."""
    with db.read() as session:
        account = accounts.find_by_username(session, username)
    # An unknown name costs a hash too: the time of the answer must not tell names apart.
    usable = account if account is not None and account.is_active else None
    matches = passwords.matches(usable.password_hash if usable else None, password)
    now = clock.now()
    if usable is None or not matches:
        _record_failure(db, now, account.id if account else None, origin)
        raise InvalidCredentials
    rehashed = passwords.hash(password) if passwords.is_outdated(usable.password_hash) else None
    return _start_session(db, tokens, usable, rehashed, now=now, origin=origin)


def _record_failure(db: Database, now: datetime, account_id: UUID | None, origin: Origin) -> None:
    # The name itself is not kept: people type passwords into the name field.
    with db.begin() as session:
        record(session, Event.LOGIN_FAILED, now=now, origin=origin, account_id=account_id)


def _start_session(
    db: Database,
    tokens: Tokens,
    account: Account,
    rehashed: str | None,
    *,
    now: datetime,
    origin: Origin,
) -> LoggedIn:
    with db.begin() as session:
        if rehashed is not None:
            set_password_hash(session, account.id, rehashed, now=now)
        granted = roles.grants_of(session, account.id)
        refresh_token = start_family(session, account.id, now=now)
        record(session, Event.LOGIN_OK, now=now, origin=origin, account_id=account.id)
    claims: dict[str, Any] = {
        "username": account.username,
        "roles": granted.roles,
        "scope": granted.scope,
    }
    return LoggedIn(tokens.issue(str(account.id), claims), refresh_token)
