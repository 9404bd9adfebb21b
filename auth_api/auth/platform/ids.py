"""Identifiers are made here, before the row exists, and sort by the moment they were made."""

from __future__ import annotations

import re
from uuid import UUID

from uuid_utils.compat import uuid7

# What the edge lets through as a request id; anything else is replaced, never echoed.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def new_id() -> UUID:
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """One of ours in its one spelling, or None."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text and found.version == 7 else None


def request_id_from(given: str | None) -> str:
    """The caller's request id when it is well formed, else a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return uuid7().hex
