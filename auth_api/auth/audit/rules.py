"""The security events that are kept, and where a request came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    REGISTERED = "registered"
    LOGIN_OK = "login_ok"
    LOGIN_FAILED = "login_failed"
    CLIENT_TOKEN = "client_token"  # noqa: S105  an event's name
    CLIENT_REFUSED = "client_refused"
    CLIENT_PUT = "client_put"
    PASSWORD_SET = "password_set"  # noqa: S105  an event's name
    ROLE_GRANTED = "role_granted"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str | None = None
    request_id: str | None = None
