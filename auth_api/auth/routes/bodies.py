"""Strict JSON bodies: what is not JSON is 400, what is JSON but cannot be accepted is 422.

A missing Content-Type is JSON, and so is what curl's -d and a browser's fetch say when nobody told
them: the wire contract promises that no header is needed.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from flask import Request
from flask import request as current_request
from pydantic import ValidationError

from auth.platform.problems import (
    FieldError,
    MalformedBody,
    UnsupportedMediaType,
    ValidationFailed,
)

_READ_AS_JSON = frozenset(
    {"", "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded"}
)


class StrictRequest(Request):
    """Flask's request, reading JSON our way for whoever asks (flask-openapi3 does)."""

    def get_json(self, *_options: Any, **_more: Any) -> Any:
        if self.mimetype not in _READ_AS_JSON and not self.mimetype.endswith("+json"):
            raise UnsupportedMediaType
        return parse_object(self.get_data(parse_form_data=False))


def parse_object(raw: bytes) -> dict[str, Any]:
    """Raises MalformedBody, ValidationFailed."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_twins,
        )
    except (ValueError, RecursionError) as fault:
        raise MalformedBody("The body is not one JSON value.") from fault
    if not isinstance(value, dict):
        raise ValidationFailed(
            "The body must be a JSON object.", errors=[FieldError("", "not an object")]
        )
    _check_texts(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name occurs twice")
    return value


def _check_texts(body: dict[str, Any]) -> None:
    """Refuses NUL and lone surrogates anywhere: PostgreSQL and UTF-8 have no place for them."""
    pending: list[tuple[str, Any]] = [("", body)]
    while pending:
        pointer, value = pending.pop()
        if isinstance(value, str) and not _is_storable(value):
            _refuse_text(pointer)
        elif isinstance(value, dict):
            for name, item in value.items():
                if not _is_storable(name):
                    _refuse_text(pointer)
                pending.append((f"{pointer}/{_escape(name)}", item))
        elif isinstance(value, list):
            pending.extend((f"{pointer}/{index}", item) for index, item in enumerate(value))


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _refuse_text(pointer: str) -> NoReturn:
    message = "NUL and lone surrogates are not accepted"
    raise ValidationFailed(errors=[FieldError(pointer, message)])


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def whole_number(given: object) -> object:
    """Digits and nothing else: int() would take " 10", "1_0" and Arabic digits."""
    if isinstance(given, str) and not re.fullmatch(r"[0-9]{1,9}", given):
        raise ValueError("not a whole number")
    return given


def refuse_invalid(fault: ValidationError) -> NoReturn:
    """flask-openapi3's validation callback: pydantic's findings as our 422, without the input."""
    in_query = current_request.method in ("GET", "DELETE")
    errors = [
        FieldError(
            ".".join(str(part) for part in found["loc"])
            if in_query
            else "".join(f"/{_escape(str(part))}" for part in found["loc"]),
            found["msg"].removeprefix("Value error, "),
        )
        for found in fault.errors(include_url=False, include_context=False, include_input=False)
    ]
    raise ValidationFailed(errors=errors) from None
