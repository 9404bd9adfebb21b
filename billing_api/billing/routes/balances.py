"""What the caller has."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.balance.queries import list_balances
from billing.balance.rules import describe
from billing.platform.money import DECIMALS
from billing.platform.tokens import Caller
from billing.routes.answers import shown
from billing.routes.caller import caller_with
from billing.routes.context import context_of
from billing.routes.documents import BalanceList
from billing.routes.refusals import OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/balance", tags=["balance"])


@router.get(
    "",
    summary="Баланс · The balance",
    responses={200: {"model": BalanceList}, **refusals(*OF_TOKENS)},
)
async def get_balance(
    request: Request, caller: Annotated[Caller, Depends(caller_with("balance:read"))]
) -> Response:
    """Every currency we take is listed, also where nothing was paid yet."""
    async with context_of(request).database.read() as session:
        known = {row.currency: row for row in await list_balances(session, caller.subject)}
    items = []
    for currency in sorted({*DECIMALS, *known}):
        row = known.get(currency)
        available, held = (row.available_minor, row.held_minor) if row else (0, 0)
        items.append(describe(currency, available, held))
    return shown({"items": items})
