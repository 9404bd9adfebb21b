"""The change feed for other services: pages by position, waiting a while when there is nothing."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from billing.changes.queries import read_changes
from billing.changes.rules import parse_position
from billing.platform.problems import ValidationFailed
from billing.platform.strict_json import dump_json
from billing.platform.tokens import Caller
from billing.routes.caller import caller_with
from billing.routes.context import context_of
from billing.routes.documents import ChangePage
from billing.routes.refusals import OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/changes", tags=["changes"])
LOOK_SECONDS = 0.2


@router.get(
    "",
    summary="Лента изменений, для программ · The change feed, for programs",
    responses={200: {"model": ChangePage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_changes(
    request: Request,
    _: Annotated[Caller, Depends(caller_with("billing:changes"))],
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
    wait: Annotated[float, Query(ge=0, le=30, allow_inf_nan=False)] = 0,
) -> Response:
    """Changes after a position. Between two looks no connection is held and nothing is open."""
    position = parse_position(after)
    if position is None:
        raise ValidationFailed(errors=[("after", "not a position of this feed")])
    database = context_of(request).database
    until = time.monotonic() + wait
    while True:
        async with database.read() as session:
            items, following = await read_changes(session, position, limit)
        left = until - time.monotonic()
        if items or left <= 0 or request.app.state.stopping.is_set():
            break
        await asyncio.sleep(min(LOOK_SECONDS, left))
    return Response(
        dump_json({"items": items, "next_after": str(following)}),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
