"""The cursor of each feed in SQL: locked while a page is applied, told of polls and failures."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from panel.site.clock import business_now, now
from panel.sync.feed import FeedPage
from panel.sync.statements import FEED_TABLES


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a feed has been read to."""

    name: str
    position: str
    resyncing: bool


def _execute(statement: str, parameters: list[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def read(name: str) -> Cursor:
    """The cursor, made at the feed's beginning where there is none. Outside any transaction."""
    _execute(
        "INSERT INTO mirror_feedcursor (name, position, caught_up, changes, resyncing, last_error)"
        " VALUES (%s, '', false, 0, false, '') ON CONFLICT (name) DO NOTHING",
        [name],
    )
    return _select(name, "")


def lock(name: str) -> Cursor:
    """Held until the page's transaction ends, so that two workers never apply one page."""
    return _select(name, "FOR UPDATE")


def _select(name: str, suffix: str) -> Cursor:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT name, position, resyncing FROM mirror_feedcursor WHERE name = %s {suffix}",  # noqa: S608 - a constant of this module
            [name],
        )
        return Cursor(*cursor.fetchone())


def move(cursor: Cursor, page: FeedPage, *, measure: bool) -> None:
    """A successful poll; with changes, also how late their newest one was applied."""
    stamp, newest = now(), newest_at(page)
    late = None  # a resync reads old changes again: their age says nothing
    if measure and newest is not None:
        late = max(0, int((business_now() - newest).total_seconds() * 1_000))
    _execute(
        "UPDATE mirror_feedcursor SET position = %s, resyncing = %s, polled_at = %s,"
        " caught_up = %s, changes = changes + %s, failing_since = NULL, last_error = '',"
        " newest_at = greatest(newest_at, %s), applied_lag_ms = coalesce(%s, applied_lag_ms),"
        " applied_at = CASE WHEN %s THEN %s ELSE applied_at END WHERE name = %s",
        [
            cursor.position, cursor.resyncing, stamp, not page.full, len(page.items),
            newest, late, bool(page.items), stamp, cursor.name,
        ],
    )  # fmt: skip


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


def start_resync(name: str) -> None:
    """Read the feed again from its beginning.

    Versions drop to zero, so every row takes what the feed says even where somebody edited it;
    rows stay visible meanwhile, and those the feed never names are gone when its end is reached.
    """
    read(name)
    with transaction.atomic():
        lock(name)
        for table in FEED_TABLES[name]:
            _execute(f"UPDATE {table} SET version = 0", [])  # noqa: S608 - a constant's name
        _execute("DELETE FROM mirror_rejectedchange WHERE feed = %s", [name])
        _execute(
            "UPDATE mirror_feedcursor SET position = '', resyncing = true, caught_up = false,"
            " newest_at = NULL, changes = 0 WHERE name = %s",
            [name],
        )


def finish_resync(name: str) -> None:
    """Rows still at version zero exist nowhere but here."""
    for table in FEED_TABLES[name]:
        _execute(f"DELETE FROM {table} WHERE version = 0", [])  # noqa: S608 - a constant's name
    if name == "billing":
        _execute(
            "DELETE FROM mirror_journalline AS line WHERE NOT EXISTS"
            " (SELECT FROM mirror_journal AS journal WHERE journal.id = line.journal_id)",
            [],
        )
