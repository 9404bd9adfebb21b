"""A refresh token is traded for the next one and a new access token, with the roles of today."""

from __future__ import annotations

from datetime import timedelta

from auth.accounts import queries as accounts
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.tokens import TokenPair, Tokens
from auth.roles import queries as roles
from auth.sessions.problems import InvalidRefreshToken
from auth.sessions.queries import family_of
from auth.sessions.rules import TokenState, Verdict, client_print, judge
from auth.sessions.store import end_family, extend_family, lock_token, prune_sessions
from auth.throttle.rules import Limits, source_of
from auth.throttle.store import count_try


def refresh_session(
    db: Database,
    clock: Clock,
    tokens: Tokens,
    limits: Limits,
    *,
    refresh_token: str,
    grace: timedelta,
    origin: Origin,
) -> TokenPair:
    """Raises InvalidRefreshToken, the same for every reason, and TooManyRequests."""
    now = clock.now()
    limit = limits.logins_per_minute
    with db.begin() as session:
        if count_try(session, "refresh", source_of(origin.address), limit=limit, now=now):
            prune_sessions(session, now=now)
    client = client_print(origin.address, origin.user_agent)
    with db.begin() as session:
        family_id = family_of(session, refresh_token)
        if family_id is None:
            raise InvalidRefreshToken
        held = lock_token(session, family_id, refresh_token)
        if held is None:
            raise InvalidRefreshToken
        state = TokenState(held.expires_at, held.used_at, held.used_by, held.revoked_at)
        verdict = judge(state, client, now=now, grace=grace)
        account = accounts.find_active(session, held.account_id)
        if verdict is Verdict.ROTATE and account is not None:
            next_token = extend_family(session, held, client=client, now=now)
            granted = roles.grants_of(session, account.id)
        elif verdict is Verdict.REUSED:
            # Committed, not rolled back with the refusal: somebody else holds this token.
            end_family(session, family_id, held.account_id, now=now)
            record(
                session,
                Event.REFRESH_REUSED,
                now=now,
                origin=origin,
                account_id=held.account_id,
            )
    if verdict is not Verdict.ROTATE or account is None:
        raise InvalidRefreshToken
    claims = {
        "username": account.username,
        "roles": granted.roles,
        "scope": granted.scope,
        "sid": str(family_id),
    }
    return TokenPair(tokens.issue(str(account.id), claims), next_token)
