"""Opaque cursors of keyset pages: they carry a position, and clients are not to read them."""

import base64
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from billing.platform.problems import ValidationFailed

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def to_base64url(raw: bytes) -> str:
    """Without padding (RFC 4648, section 5 and 3.2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Raises ValueError for any spelling but that of `to_base64url`.

    The padding is put back exactly: strict decoding refuses too much of it, at some lengths only.
    """
    encoded = text.encode("ascii")
    raw = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    if to_base64url(raw) != text:
        raise ValueError("not the spelling of what it decodes to")
    return raw


def encode_cursor(last: UUID) -> str:
    return to_base64url(last.bytes)


def decode_cursor(text: str) -> UUID:
    """The id the page starts after; anything we did not hand out is refused."""
    try:
        last = UUID(bytes=from_base64url(text))
    except ValueError:
        last = None
    # Ours are of version 7, and only one spelling of each is ours.
    if last is None or last.version != 7 or encode_cursor(last) != text:
        raise ValidationFailed(errors=[("cursor", "not a cursor of this list")])
    return last
