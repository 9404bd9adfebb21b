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
    ROLE_REVOKED = "role_revoked"
    ROLE_PUT = "role_put"
    ROLE_DELETED = "role_deleted"
    EMAIL_CHANGED = "email_changed"
    CHANGE_REFUSED = "change_refused"
    LOGGED_OUT = "logged_out"
    REFRESH_REUSED = "refresh_reused"


USER_AGENT_LENGTH_MAX = 256


def clean_user_agent(given: str | None) -> str | None:
    """What a browser says of itself, cut to size and without what a page or a log could run on."""
    if given is None:
        return None
    shown = "".join(letter for letter in given if letter.isprintable())
    return shown[:USER_AGENT_LENGTH_MAX] or None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str | None = None
    request_id: str | None = None
    user_agent: str | None = None
