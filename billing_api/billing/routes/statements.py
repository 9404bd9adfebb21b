"""The caller's account statement."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from billing.ledger.queries import read_statement
from billing.ledger.statement import decode_place, describe, parse_period
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.answers import shown
from billing.routes.caller import caller_with
from billing.routes.context import context_of
from billing.routes.documents import StatementView
from billing.routes.refusals import OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/statement", tags=["balance"])
BOUND_HELP = "A day of Moscow (2026-01-31, included) or an instant (2026-01-31T12:00:00Z)"


class StatementQuery(BaseModel):
    """Both bounds are optional: without them the statement is of everything."""

    since: str = Field("", alias="from", description=BOUND_HELP)
    until: str = Field("", alias="to", description=BOUND_HELP)
    currency: Literal["RUB"] = "RUB"
    limit: int = Field(100, ge=1, le=1000)
    cursor: str = ""


@router.get(
    "",
    summary="Выписка · Account statement",
    responses={200: {"model": StatementView}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_statement(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("balance:read"))],
    query: Annotated[StatementQuery, Query()],
) -> Response:
    """Opening balance, what moved it, closing balance; summed from the journal at each call."""
    period = parse_period(query.since, query.until)
    after = decode_place(query.cursor) if query.cursor else None
    async with context_of(request).database.read() as session:
        statement = await read_statement(
            session, caller.subject, query.currency, period, after=after, limit=query.limit
        )
    return shown(describe(statement))
