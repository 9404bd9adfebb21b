"""A program's id and secret become an access token (RFC 6749, client_credentials)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.clients import queries as clients
from auth.clients.problems import InvalidClient, InvalidScope
from auth.clients.rules import parse_scope, secret_matches
from auth.clients.tables import Client
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.tokens import Tokens
from auth.roles.rules import scope_string
from auth.throttle.rules import Limits, check_pause, hash_client, source_of
from auth.throttle.store import (
    blocked_until,
    count_failure,
    count_try,
    forget_failures,
    lock_failures,
)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    access_token: str
    scope: str


def issue_client_token(
    db: Database,
    clock: Clock,
    tokens: Tokens,
    limits: Limits,
    *,
    client_id: str,
    secrets: Sequence[str],
    scope: str | None,
    origin: Origin,
) -> IssuedToken:
    """`secrets` are the readings of one Basic header. Raises InvalidClient, InvalidScope and
    TooManyRequests, which leaves no trace in the audit trail: a stranger cannot make it grow."""
    now = clock.now()
    guesses = hash_client(client_id, source_of(origin.address))
    client = _admit(db, client_id, guesses, limits, now=now, origin=origin)
    known = secret_matches(client.secret_hash if client else None, *secrets)
    if client is None or not known:
        with db.begin() as session:
            lock_failures(session, guesses, now=now)
            count_failure(session, guesses, limits, now=now)
            record(session, Event.CLIENT_REFUSED, now=now, origin=origin)
        raise InvalidClient
    granted = scope_string(_narrowed(client, scope))
    with db.begin() as session:
        forget_failures(session, guesses)
        record(
            session,
            Event.CLIENT_TOKEN,
            now=now,
            origin=origin,
            client_id=client.client_id,
            detail={"scope": granted},
        )
    claims = {"client_id": client.client_id, "roles": [], "scope": granted}
    return IssuedToken(tokens.issue(client.client_id, claims), granted)


def _admit(
    db: Database,
    client_id: str,
    guesses: bytes,
    limits: Limits,
    *,
    now: datetime,
    origin: Origin,
) -> Client | None:
    """The program, if there is one, once its source may try again."""
    limit = limits.logins_per_minute
    with db.begin() as session:
        count_try(session, "token", source_of(origin.address), limit=limit, now=now)
        client = clients.find_client(session, client_id)
        until = blocked_until(session, guesses)
    check_pause(until, now)
    return client


def _narrowed(client: Client, scope: str | None) -> list[str]:
    """All of the client's scopes, or the ones asked for when it holds every one of them."""
    if scope is None:
        return client.scopes
    asked = parse_scope(scope)
    if asked is None or not set(asked) <= set(client.scopes):
        raise InvalidScope
    return asked
