"""The cursor of each feed in SQL: locked while a page is applied, told of polls and failures."""

import json
from datetime import datetime
from typing import Any

from django.db import connection

from panel.site.clock import business_now, now
from panel.sync.feed import FeedPage


def _execute(statement: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def read(name: str) -> str:
    """Where the feed has been read to; its beginning where it never was. In no transaction."""
    _execute(
        "INSERT INTO mirror_feedcursor (name, position, caught_up, changes, last_error)"
        " VALUES (%s, '', false, 0, '') ON CONFLICT (name) DO NOTHING",
        [name],
    )
    return _select(name, "")


def lock(name: str) -> str:
    """Held until the transaction ends, so that two workers never apply one page."""
    return _select(name, "FOR UPDATE")


def _select(name: str, suffix: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT position FROM mirror_feedcursor WHERE name = %s {suffix}",  # noqa: S608 - a constant of this module
            [name],
        )
        return str(cursor.fetchone()[0])


def move(name: str, page: FeedPage) -> None:
    """A successful poll; with changes, also how late their newest one was applied."""
    stamp, newest = now(), newest_at(page)
    late = None
    if newest is not None:
        late = max(0, int((business_now() - newest).total_seconds() * 1_000))
    _execute(
        "UPDATE mirror_feedcursor SET position = %s, polled_at = %s,"
        " caught_up = %s, changes = changes + %s, failing_since = NULL, last_error = '',"
        " newest_at = greatest(newest_at, %s), applied_lag_ms = coalesce(%s, applied_lag_ms),"
        " applied_at = CASE WHEN %s THEN %s ELSE applied_at END WHERE name = %s",
        [
            page.next_after, stamp, not page.full, len(page.items),
            newest, late, bool(page.items), stamp, name,
        ],
    )  # fmt: skip


def restart(name: str, position: str, changes: int) -> None:
    """The mirror has been built anew from the feed's beginning to a position, its end just now."""
    _execute("DELETE FROM mirror_rejectedchange WHERE feed = %s", [name])
    _execute(
        "UPDATE mirror_feedcursor SET position = %s, changes = %s, polled_at = %s,"
        " caught_up = true, failing_since = NULL, last_error = '' WHERE name = %s",
        [position, changes, now(), name],
    )


def newest_at(page: FeedPage) -> datetime | None:
    """When the page's last change happened; None where it says nothing sensible."""
    stamps = []
    for item in page.items[-1:]:
        try:
            stamps.append(datetime.fromisoformat(str(item.get("at"))))
        except (AttributeError, ValueError):
            continue
    return max((stamp for stamp in stamps if stamp.tzinfo is not None), default=None)


def failed(name: str, error: str) -> None:
    """Shown on the first page until the next success."""
    _execute(
        "UPDATE mirror_feedcursor SET last_error = %s,"
        " failing_since = coalesce(failing_since, %s) WHERE name = %s",
        [error, now(), name],
    )


def set_aside(feed: str, change: Any, error: str) -> None:
    """Keep what could not be applied, once, for people to look at."""
    fields = change if isinstance(change, dict) else {}
    kept = json.dumps(change, ensure_ascii=True).replace("\\u0000", "")
    _execute(
        "INSERT INTO mirror_rejectedchange"
        " (feed, position, kind, object_id, change, error, seen_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            feed, _text(fields, "position"), _text(fields, "kind"), _text(fields, "id"),
            kept, error.replace("\x00", "")[:2_000], now(),
        ],
    )  # fmt: skip


def _text(fields: dict[str, Any], name: str) -> str:
    return str(fields.get(name, "")).replace("\x00", "")[:200]
