"""Who may call a route: each view declares it, and one hook enforces it before anything is read.

A view without a declaration is refused, so forgetting cannot open a door.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast
from uuid import UUID

from flask import current_app, g, request

from auth.accounts.queries import find_active
from auth.platform.problems import Forbidden, Unauthorized
from auth.roles.queries import grants_of
from auth.routes.context import services
from auth.sessions.queries import is_live

View = TypeVar("View", bound=Callable[..., Any])
ATTRIBUTE = "who_may_call"


class Kind(StrEnum):
    ANYONE = "anyone"
    PERSON = "a person's token"
    SCOPE = "a token with a scope"
    CLIENT_SECRET = "a client's secret"  # noqa: S105  not a secret but a word for one


@dataclass(frozen=True, slots=True)
class Rule:
    kind: Kind
    scope: str | None = None


def _declare(rule: Rule) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, rule)
        return view

    return mark


anyone = _declare(Rule(Kind.ANYONE))
person = _declare(Rule(Kind.PERSON))
client_secret = _declare(Rule(Kind.CLIENT_SECRET))


def holding(scope: str) -> Callable[[View], View]:
    return _declare(Rule(Kind.SCOPE, scope))


def rule_of(endpoint: str) -> Rule | None:
    rule = getattr(current_app.view_functions[endpoint], ATTRIBUTE, None)
    return rule if isinstance(rule, Rule) else None


def enforce() -> None:
    """Before every request. Raises Unauthorized or Forbidden."""
    if request.endpoint is None or request.method == "OPTIONS":
        return
    rule = rule_of(request.endpoint)
    if rule is None:
        raise Forbidden("Nobody has said who may call this.")
    if rule.kind in (Kind.ANYONE, Kind.CLIENT_SECRET):
        return
    claims = services().tokens.read_request()
    g.session_id = _live_session(claims)
    g.subject = str(claims["sub"])
    if rule.kind is Kind.PERSON:
        g.account_id = _person(claims)
    elif rule.scope not in _scopes(claims):
        raise Forbidden(f"The token lacks the scope {rule.scope}.")


def _live_session(claims: dict[str, Any]) -> UUID | None:
    """None for a program. A token of a session that has ended is refused here at once; services
    that never ask us honour it until it expires."""
    if "client_id" in claims:
        return None
    try:
        session_id = UUID(str(claims.get("sid")))
    except ValueError:
        raise Unauthorized("This token names no session: log in again.") from None
    with services().database.read() as session:
        if not is_live(session, session_id):
            raise Unauthorized(
                "The session of this token has ended: log in again.",
                headers={"WWW-Authenticate": 'Bearer realm="suite", error="invalid_token"'},
            )
    return session_id


def _scopes(claims: dict[str, Any]) -> list[str]:
    """What the token says and, of a person's, what the account still holds: who is no administrator
    any more must not make one of himself with the token of before."""
    told = str(claims.get("scope", "")).split()
    if "client_id" in claims:
        return told
    with services().database.read() as session:
        account = find_active(session, _person(claims))
        held = grants_of(session, account.id).scope.split() if account else []
    return [scope for scope in told if scope in held]


def _person(claims: dict[str, Any]) -> UUID:
    if "client_id" in claims:
        raise Forbidden("This token belongs to a program, not to a person.")
    try:
        return UUID(claims["sub"])
    except ValueError:
        raise Forbidden("This token belongs to nobody here.") from None


def subject() -> str:
    """Whose token this is, a person's or a program's; in any view that asks for a token."""
    return cast("str", g.subject)


def session_id() -> UUID | None:
    """The session of the token; None for a program."""
    return cast("UUID | None", g.session_id)


def account_id() -> UUID:
    """The person whose token this is; only in a view declared `person`."""
    return cast("UUID", g.account_id)
