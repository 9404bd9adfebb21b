"""JSON read exactly: numbers keep their spelling, and what JSON does not allow is refused.

The standard parser alone turns 1342.00 into a binary float and NaN into a value.
"""

import json
from typing import Any

from billing.platform.problems import MalformedBody, ValidationFailed
from billing.platform.texts import is_kept

DEPTH_MAX = 32


class JsonNumber(str):
    """A number as it was written; being a string, it cannot be rounded on the way."""

    __slots__ = ()


def _refuse_constant(name: str) -> None:
    raise MalformedBody(f"{name} is not JSON")


def _refuse_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedBody("a member name is repeated")
    return members


def parse_json(body: bytes) -> Any:
    """The value, or MalformedBody; strings no database can keep are ValidationFailed."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=JsonNumber,
            parse_int=JsonNumber,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeats,
        )
    except RecursionError:
        raise MalformedBody("nested too deeply") from None
    except UnicodeDecodeError:
        raise MalformedBody("the body is not UTF-8") from None
    except ValueError as error:
        raise MalformedBody(str(error)) from None
    _check(value, "", DEPTH_MAX)
    return value


def _check(value: Any, pointer: str, depth: int) -> None:
    if depth < 0:
        raise MalformedBody("nested too deeply")
    if isinstance(value, str):
        _check_text(value, pointer)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, f"{pointer}/{index}", depth - 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name, pointer)
            _check(item, f"{pointer}/{name}", depth - 1)


def _check_text(text: str, pointer: str) -> None:
    if not is_kept(text):
        raise ValidationFailed(errors=[(pointer, "NUL or half of a surrogate pair is not text")])


def dump_json(value: object) -> bytes:
    """The one spelling of our answers: stored answers are replayed byte for byte."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
