"""Notifications: hints to ask the provider, kept as they came. Pure."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

_EVENT = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# It becomes part of an address: no dots, for "." and ".." lead to another one.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_PAUSES_SECONDS = (2, 5, 15, 60, 120, 300)
ATTEMPTS_MAX = 300


class Outcome(StrEnum):
    SETTLED = "settled"  # the payment reached its end by this or before it
    UNCHANGED = "unchanged"
    UNKNOWN_PAYMENT = "unknown_payment"
    MISMATCH = "mismatch"
    IGNORED = "ignored"  # nothing we act on
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Arrival:
    body: bytes
    source: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What could be read of a body; both None where it is not what a notification looks like."""

    event: str | None
    object_id: str | None


@dataclass(frozen=True, slots=True)
class Notification:
    id: UUID
    event: str | None
    object_id: str | None
    attempts: int
    request_id: str


def read_hint(body: bytes) -> Hint:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Hint(None, None)
    if not isinstance(document, dict):
        return Hint(None, None)
    inner = document.get("object")
    identity = inner.get("id") if isinstance(inner, dict) else None
    return Hint(_match(_EVENT, document.get("event")), _match(_ID, identity))


def _match(form: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def pause_after(attempts: int) -> timedelta:
    return timedelta(seconds=_PAUSES_SECONDS[min(attempts, len(_PAUSES_SECONDS)) - 1])
