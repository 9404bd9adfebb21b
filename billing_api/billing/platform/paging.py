"""Opaque cursors of keyset pages: they carry a position, and clients are not to read them."""

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from billing.platform.problems import ValidationFailed

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def encode_cursor(last: UUID) -> str:
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def decode_cursor(text: str) -> UUID:
    """The id the page starts after; anything we did not hand out is refused."""
    try:
        raw = base64.b64decode(text.encode("ascii") + b"==", altchars=b"-_", validate=True)
        last = UUID(bytes=raw)
    except (ValueError, binascii.Error):
        last = None
    # Ours are of version 7, and only one spelling of each is ours.
    if last is None or last.version != 7 or encode_cursor(last) != text:
        raise ValidationFailed(errors=[("cursor", "not a cursor of this list")])
    return last
