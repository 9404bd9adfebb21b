"""A name and a password become an access token and the first refresh token of a session."""

from __future__ import annotations

from datetime import datetime

from auth.accounts import queries as accounts
from auth.accounts.problems import InvalidCredentials
from auth.accounts.rules import fold
from auth.accounts.store import set_password_hash, share_account
from auth.accounts.tables import Account
from auth.audit.queries import has_logged_in_from
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.tokens import TokenPair, Tokens
from auth.roles import queries as roles
from auth.sessions.store import prune_sessions, start_family
from auth.throttle.rules import Limits, check_pause, hash_name, source_of
from auth.throttle.store import (
    blocked_until,
    count_failure,
    count_try,
    forget_failures,
    lock_failures,
)


def log_in(
    db: Database,
    clock: Clock,
    passwords: PasswordPool,
    tokens: Tokens,
    limits: Limits,
    *,
    username: str,
    password: str,
    origin: Origin,
) -> TokenPair:
    """Raises InvalidCredentials, the same for every reason, and TooManyRequests."""
    now = clock.now()
    name_hash = hash_name(fold(username))
    account, is_known = _admit(db, username, name_hash, limits, now=now, origin=origin)
    # An unknown name costs a hash too: the time of the answer must not tell names apart.
    usable = account if account is not None and account.is_active else None
    matches = passwords.matches(usable.password_hash if usable else None, password)
    if usable is None or not matches:
        with db.begin() as session:
            if not is_known:
                lock_failures(session, name_hash, now=now)
            count_failure(session, name_hash, limits, now=now)
            # The name itself is not kept: people type passwords into the name field.
            account_id = account.id if account else None
            record(session, Event.LOGIN_FAILED, now=now, origin=origin, account_id=account_id)
        raise InvalidCredentials
    rehashed = passwords.hash(password) if passwords.is_outdated(usable.password_hash) else None
    with db.begin() as session:
        # A password changed since it was compared has ended all sessions: none may begin on it.
        if not is_known:
            lock_failures(session, name_hash, now=now)
        stored = share_account(session, usable.id)
        if stored is None or stored.password_hash != usable.password_hash:
            raise InvalidCredentials
        if rehashed is not None:
            set_password_hash(session, usable.id, rehashed, now=now)
        forget_failures(session, name_hash)
        granted = roles.grants_of(session, usable.id)
        family_id, refresh_token = start_family(session, usable.id, now=now)
        record(session, Event.LOGIN_OK, now=now, origin=origin, account_id=usable.id)
    access_token = tokens.issue(
        str(usable.id),
        {
            "username": usable.username,
            "roles": granted.roles,
            "scope": granted.scope,
            "sid": str(family_id),
        },
    )
    return TokenPair(access_token, refresh_token)


def _admit(
    db: Database,
    username: str,
    name_hash: bytes,
    limits: Limits,
    *,
    now: datetime,
    origin: Origin,
) -> tuple[Account | None, bool]:
    """The account, if there is one, and whether it is known where the try comes from; once source
    and name may try again."""
    with db.begin() as session:
        limit = limits.logins_per_minute
        if count_try(session, "login", source_of(origin.address), limit=limit, now=now):
            prune_sessions(session, now=now)
        account = accounts.find_by_username(session, username)
        until = blocked_until(session, name_hash)
        # Else a stranger could keep the owner out by failing all day.
        is_known = account is not None and has_logged_in_from(
            session, account.id, origin.address or ""
        )
    if not is_known:
        check_pause(until, now)
    return account, is_known
