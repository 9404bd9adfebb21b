"""Who may call: every route names the scope it asks for, and gets a proved caller."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from billing.platform.problems import Forbidden, Unauthorized, ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.context import context_of

# Only for the description: refusing is done here, with our own problem.
bearer = HTTPBearer(auto_error=False, scheme_name="AccessToken", bearerFormat="JWT")
READ_ALL = "payments:read_all"
CHARGE_ANY = "billing:charge"
REFUND_ANY = "refunds:write"
# To change a balance by one's own word: finance and admins.
ADJUST = "balance:adjust"


def caller_with(*scopes: str) -> Callable[..., Awaitable[Caller]]:
    """One of the scopes is enough."""

    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ) -> Caller:
        if credentials is None:
            raise Unauthorized(headers={"WWW-Authenticate": "Bearer"})
        proved = await context_of(request).tokens.verify(credentials.credentials)
        if proved.scopes.isdisjoint(scopes):
            raise Forbidden(f"the token lacks the scope {' or '.join(scopes)}")
        return proved

    return caller


def payer_of(caller: Caller, named: str | None) -> str:
    """Whose balance is debited: a program with `billing:charge` names it, others have their own.

    Raises Forbidden and ValidationFailed.
    """
    if CHARGE_ANY in caller.scopes:
        if named is None:
            raise ValidationFailed(errors=[("/customer_id", "name the customer")])
        return named
    if named not in {None, caller.subject}:
        raise Forbidden("only the own balance may be debited")
    return caller.subject


def owner_of(caller: Caller, *scopes_of_all: str) -> str | None:
    """None where one of the scopes lets the caller act for every customer."""
    return caller.subject if caller.scopes.isdisjoint(scopes_of_all) else None
