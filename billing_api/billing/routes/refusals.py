"""The problems a route may answer with, as the description tells them and the tests hold it to.

Each answer of the description carries `x-problems`: docs/errors.md is made from them, and a code
that a route answers without having declared it fails the test that saw it.
"""

from typing import Any

from pydantic import BaseModel

from billing.idempotency.problems import (
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
)
from billing.platform.problems import (
    BodyTooLarge,
    Forbidden,
    InternalError,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    Problem,
    ServiceUnavailable,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)

MEDIA_TYPE = "application/problem+json"
EVERYWHERE = (NotFound, MethodNotAllowed, InternalError)
OF_TOKENS = (Unauthorized, Forbidden, ServiceUnavailable)
OF_BODIES = (MalformedBody, BodyTooLarge, UnsupportedMediaType, ValidationFailed)
OF_KEYS = (
    IdempotencyKeyRequired,
    IdempotencyInProgress,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)


class ProblemView(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[dict[str, str]] | None = None


def describe_problem(kind: type[Problem]) -> dict[str, Any]:
    meaning = " ".join((kind.__doc__ or "").split())
    return {"code": kind.code, "status": kind.status, "title": kind.title, "meaning": meaning}


def refusals(*kinds: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route, one a status."""
    return {status: _answer([k for k in kinds if k.status == status]) for status in _order(kinds)}


def _order(kinds: tuple[type[Problem], ...]) -> list[int]:
    return sorted({kind.status for kind in kinds})


def _answer(kinds: list[type[Problem]]) -> dict[str, Any]:
    schema = ProblemView.model_json_schema()
    schema["properties"]["code"]["enum"] = [kind.code for kind in kinds]
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema}},
        "x-problems": [describe_problem(kind) for kind in kinds],
    }


def edge_limit() -> dict[int | str, dict[str, Any]]:
    """429 as nginx answers it before we are asked: of the addresses that it limits."""
    limit = {
        "code": "too_many_requests",
        "status": 429,
        "title": "Too Many Requests",
        "meaning": "Too many from one address; `Retry-After` says when to come back.",
    }
    schema = ProblemView.model_json_schema()
    schema["properties"]["code"]["enum"] = [limit["code"]]
    return {
        429: {
            "description": f"`{limit['code']}`: {limit['title']}",
            "content": {MEDIA_TYPE: {"schema": schema}},
            "x-problems": [limit],
        }
    }
