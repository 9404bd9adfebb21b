"""The change feed of accounts, for services that mirror them."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, BeforeValidator, Field

from auth.changes.queries import FeedItem
from auth.changes.rules import parse_position
from auth.flows.follow_changes import follow_changes
from auth.platform.clock import to_wire
from auth.platform.problems import Forbidden, Unauthorized, ValidationFailed
from auth.routes.bodies import whole_number
from auth.routes.context import services
from auth.routes.guards import holding
from auth.routes.rendering import problems

api = APIBlueprint("changes", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Programs")])


class ChangesQuery(BaseModel):
    after: str = Field(
        default="", description="`next_after` of the last page; empty: from the start"
    )
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(default=500, ge=1, le=5000)
    wait: Annotated[int, BeforeValidator(whole_number)] = Field(
        default=0, ge=0, le=30, description="Seconds to wait when there is nothing new"
    )


class ChangeView(BaseModel):
    position: str = Field(examples=["771-12"])
    kind: str = Field(examples=["account"])
    id: str
    version: int
    at: str
    data: dict[str, Any]


class ChangesView(BaseModel):
    items: list[ChangeView]
    next_after: str


@api.get(
    "/changes",
    operation_id="follow_changes",
    security=[{"bearer": []}],
    responses={200: ChangesView, **problems(Unauthorized, Forbidden, ValidationFailed)},
)
@holding("auth:changes")
def get_changes(query: ChangesQuery) -> Response:
    """What became of accounts, in order; needs the scope auth:changes"""
    after = parse_position(query.after)
    wired = services()
    items = follow_changes(
        wired.database, wired.waiters, after, limit=query.limit, wait_seconds=query.wait
    )
    next_after = items[-1].position if items else after
    answer = jsonify({"items": [_view(item) for item in items], "next_after": str(next_after)})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _view(item: FeedItem) -> dict[str, Any]:
    return {
        "position": str(item.position),
        "kind": item.kind,
        "id": item.object_id,
        "version": item.version,
        "at": to_wire(item.at),
        "data": item.data,
    }
