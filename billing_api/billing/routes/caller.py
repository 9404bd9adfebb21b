"""Who may call: every route names the scope it asks for, and gets a proved caller."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from billing.platform.problems import Forbidden, Unauthorized
from billing.platform.tokens import Caller
from billing.routes.context import context_of

# Only for the description: refusing is done here, with our own problem.
bearer = HTTPBearer(auto_error=False, scheme_name="AccessToken", bearerFormat="JWT")
READ_ALL = "payments:read_all"


def caller_with(scope: str) -> Callable[..., Awaitable[Caller]]:
    async def caller(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)],
    ) -> Caller:
        if credentials is None:
            raise Unauthorized(headers={"WWW-Authenticate": "Bearer"})
        proved = await context_of(request).tokens.verify(credentials.credentials)
        if scope not in proved.scopes:
            raise Forbidden(f"the token lacks the scope {scope}")
        return proved

    return caller
