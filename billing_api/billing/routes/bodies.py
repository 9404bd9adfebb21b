"""What a request carries: ids in its address; its body, bounded, strictly parsed and checked."""

from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from billing.platform.ids import parse_id
from billing.platform.problems import (
    BodyTooLarge,
    Problem,
    UnsupportedMediaType,
    ValidationFailed,
)
from billing.platform.strict_json import parse_json

BODY_BYTES_MAX = 64 * 1024
# No header but Authorization is asked of a client, and these are what clients send unasked:
# nothing, and what curl and fetch put on a body they were told nothing about.
READ_AS_JSON = frozenset(
    {"", "application/json", "text/plain", "application/x-www-form-urlencoded"}
)
Model = TypeVar("Model", bound=BaseModel)


def read_id(text: str, missing: type[Problem]) -> UUID:
    """The id in an address; what is none names nothing, so `missing` is raised."""
    identity = parse_id(text)
    if identity is None:
        raise missing
    return identity


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, or BodyTooLarge before more than the limit is held."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:12]) > limit:
        raise BodyTooLarge(f"at most {limit} bytes")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise BodyTooLarge(f"at most {limit} bytes")
    return bytes(body)


async def read_model(
    request: Request,
    model: type[Model],
    context: object,
    *,
    empty_is: dict[str, Any] | None = None,
) -> Model:
    """`empty_is` stands for no body at all, where one may be left out."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in READ_AS_JSON and not media_type.endswith("+json"):
        raise UnsupportedMediaType
    raw = await read_body(request, BODY_BYTES_MAX)
    value = empty_is if empty_is is not None and not raw else parse_json(raw)
    if not isinstance(value, dict):
        raise ValidationFailed(errors=[("", "an object is expected")])
    try:
        return model.model_validate(value, context=context)
    except ValidationError as error:
        raise ValidationFailed(errors=read_errors(error.errors())) from None


def read_errors(errors: list[ErrorDetails] | list[Any]) -> list[tuple[str, str]]:
    """Where and what, without the value: it may be long, or a secret."""
    found = []
    for error in errors:
        place = "".join(f"/{part}" for part in error["loc"])
        message = str(error["msg"]).removeprefix("Value error, ")
        found.append((place[:200], message))
    return found


def describe_body(
    model: type[BaseModel], example: dict[str, object], *, required: bool = True
) -> dict[str, Any]:
    """The body in the OpenAPI description, since the framework does not read it for us."""
    schema = model.model_json_schema()
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": required, "content": content}}
