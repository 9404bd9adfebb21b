"""The change feed for other services: pages by position, waiting a while when there is nothing;
and what a mirror that has read to a position must hold.
"""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from billing.changes.queries import ParityDay, read_changes, read_parity
from billing.changes.rules import Position, parse_position
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.answers import shown
from billing.routes.caller import caller_with
from billing.routes.context import context_of
from billing.routes.documents import ChangeKind, ChangePage, ParityPage
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
    position = _position("after", after)
    database = context_of(request).database
    until = time.monotonic() + wait
    while True:
        async with database.read() as session:
            items, following = await read_changes(session, position, limit)
        left = until - time.monotonic()
        if items or left <= 0 or request.app.state.stopping.is_set():
            break
        await asyncio.sleep(min(LOOK_SECONDS, left))
    return shown({"items": items, "next_after": str(following)})


@router.get(
    "/parity",
    summary="Сверка копии, для программ · What a copy must hold, for programs",
    responses={200: {"model": ParityPage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_parity(
    request: Request,
    _: Annotated[Caller, Depends(caller_with("billing:changes"))],
    kind: ChangeKind,
    at: str,
) -> Response:
    """Count, sum and checksum a UTC day, of the newest snapshots at or below a position.

    The day and the sum are a payment's `created_at` and `value`, a balance's `updated_at` and
    `available`, a journal's `at` and what its lines give. `checksum` is the md5 of the md5s of
    `<id> <version> <data>` joined in the bytewise order of ids, where `data` is PostgreSQL's text
    of the snapshot as jsonb without its null fields.
    """
    position = _position("at", at)
    async with context_of(request).database.read() as session:
        days = await read_parity(session, kind, position)
    if days is None:
        raise ValidationFailed(errors=[("at", "the feed has not come that far")])
    return shown({"kind": kind, "at": str(position), "days": [_view(day) for day in days]})


def _view(day: ParityDay) -> dict[str, object]:
    return {
        "day": None if day.day is None else day.day.isoformat(),
        "count": day.count,
        "sum": f"{day.sum:.2f}",
        "checksum": day.checksum,
    }


def _position(name: str, given: str) -> Position:
    position = parse_position(given)
    if position is None:
        raise ValidationFailed(errors=[(name, "not a position of this feed")])
    return position
