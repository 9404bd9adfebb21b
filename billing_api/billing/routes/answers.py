"""Answers as they leave: never cached, and a repeat says that it is one."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from billing.idempotency.rules import StoredAnswer
from billing.platform.paging import Page
from billing.platform.strict_json import dump_json

JSON = "application/json"
RETRY_SECONDS = "5"
_NO_STORE = {"Cache-Control": "no-store"}


def answered(answer: StoredAnswer, *, replayed: bool, location: str | None = None) -> Response:
    """202 says when to look again; a stored answer goes out byte for byte."""
    headers = dict(_NO_STORE)
    if location is not None:
        headers["Location"] = location
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    if answer.status == 202:
        headers["Retry-After"] = RETRY_SECONDS
    return Response(answer.body, answer.status, headers=headers, media_type=JSON)


def shown(value: Any) -> Response:
    """What a read found."""
    return Response(dump_json(value), media_type=JSON, headers=_NO_STORE)


def shown_page(page: Page[Any], describe: Callable[[Any], dict[str, object]]) -> Response:
    return shown({"items": [describe(one) for one in page.items], "next_cursor": page.next_cursor})
