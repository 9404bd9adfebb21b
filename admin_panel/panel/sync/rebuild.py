"""The mirror built anew from the beginning of a feed, beside the one people are looking at.

The feed is read into temporary tables. When its end is reached the cursor is locked, the last
changes are read, and in that one transaction each row that differs is replaced: no page is ever
empty or shows a state of long ago. Whatever ends this half-way leaves the mirror as it was. The
worker may run: the position it was about to read on from has moved, so it asks again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection, transaction

from panel.sync import cursors
from panel.sync.apply import Refused, put_changes
from panel.sync.feed import Feed
from panel.sync.statements import FEED_TABLES, REBUILT, columns_of


@dataclass(slots=True)
class Reading:
    """How far the rebuilt tables have come."""

    position: str = ""
    changes: int = 0
    refused: list[Refused] = field(default_factory=list)


def rebuild(feed: Feed) -> Reading:
    """Raises FeedError when the feed does not answer; nothing has changed then."""
    cursors.read(feed.name)
    with rebuilt_tables(feed.name):
        reading = read_on(feed, Reading())
        with transaction.atomic():
            cursors.lock(feed.name)
            read_on(feed, reading)
            _swap(feed.name)
            cursors.restart(feed.name, reading.position, reading.changes)
            for refused in reading.refused:
                cursors.set_aside(feed.name, refused.change, refused.error)
    return reading


@contextmanager
def rebuilt_tables(feed: str) -> Iterator[None]:
    """Empty tables shaped like the mirror's, seen by this connection alone."""
    names = FEED_TABLES[feed]
    try:
        for table, key in names.items():
            _run(
                f"CREATE TEMPORARY TABLE rebuilt_{table}"
                f" (LIKE mirror_{table} INCLUDING IDENTITY, UNIQUE ({', '.join(key)}))"
            )
        yield
    finally:
        for table in names:
            _run(f"DROP TABLE IF EXISTS pg_temp.rebuilt_{table}")


def read_on(feed: Feed, reading: Reading, until: str | None = None) -> Reading:
    """Read to the feed's end, or up to and with a position."""
    while True:
        page = feed.fetch(reading.position, wait=0)
        items = page.items if until is None else [i for i in page.items if _upto(i, until)]
        reading.refused += put_changes(items, REBUILT)
        reading.changes += len(items)
        reading.position = page.next_after
        if not page.full or len(items) < len(page.items):
            return reading


def _upto(item: dict[str, object], until: str) -> bool:
    return _place(str(item["position"])) <= _place(until or "0-0")


def _place(position: str) -> tuple[int, int]:
    transaction_id, _, number = position.partition("-")
    return int(transaction_id), int(number)


def _swap(feed: str) -> None:
    for table, key in FEED_TABLES[feed].items():
        columns = columns_of(table)
        same = " AND ".join(f"new.{name} = old.{name}" for name in key)
        old, new = (", ".join(f"{side}.{name}" for name in columns) for side in ("old", "excluded"))
        _run(
            f"DELETE FROM mirror_{table} AS old WHERE NOT EXISTS"  # noqa: S608 - constants
            f" (SELECT FROM rebuilt_{table} AS new WHERE {same})"
        )
        _run(
            f"INSERT INTO mirror_{table} AS old ({', '.join(columns)})"  # noqa: S608 - constants
            f" SELECT {', '.join(columns)} FROM rebuilt_{table} ORDER BY {', '.join(key)}"
            f" ON CONFLICT ({', '.join(key)}) DO UPDATE"
            f" SET {', '.join(f'{name} = excluded.{name}' for name in columns)}"
            f" WHERE ({old}) IS DISTINCT FROM ({new})"
        )


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
