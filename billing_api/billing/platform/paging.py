"""Keyset pages, newest first; their cursors are opaque, clients are not to read them."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import TextClause

from billing.platform.database import ReadSession, Row
from billing.platform.problems import ValidationFailed

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    items: list[Item]
    next_cursor: str | None


def newest_first(table: str) -> dict[tuple[bool, bool], str]:
    """The statements of a list, by (of one owner, after an id); for the caller's constants."""
    return {
        (by_owner, after): f"""
            SELECT * FROM {table} WHERE true
            {"AND customer_id = :owner" if by_owner else ""}
            {"AND id < :after" if after else ""}
            ORDER BY id DESC LIMIT :limit
        """  # noqa: S608 - a constant of the caller
        for by_owner in (False, True)
        for after in (False, True)
    }


@dataclass(frozen=True, slots=True)
class PageQuery:
    """`owner` None is everybody's, `after` None the first page."""

    owner: str | None
    after: UUID | None
    limit: int


async def read_page(
    session: ReadSession,
    statements: Mapping[tuple[bool, bool], TextClause],
    wanted: PageQuery,
    make: Callable[[Row], Any],
) -> Page[Any]:
    """Of a list as `newest_first` spells it; what it makes has an `id`."""
    statement = statements[wanted.owner is not None, wanted.after is not None]
    rows = await session.all(
        statement, {"owner": wanted.owner, "after": wanted.after, "limit": wanted.limit + 1}
    )
    items = [make(row) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return Page(items, encode_cursor(items[-1].id) if more else None)


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
