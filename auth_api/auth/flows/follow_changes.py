"""A page of the change feed, waiting for the next change when there is none yet."""

from __future__ import annotations

from auth.changes.queries import FeedItem, list_after
from auth.changes.rules import Position
from auth.platform.database import Database
from auth.platform.waiting import Waiters


def follow_changes(
    db: Database, waiters: Waiters, after: Position, *, limit: int, wait_seconds: int
) -> list[FeedItem]:
    """No transaction is open between two looks: an open one would hold the feed itself back."""
    items = _look(db, after, limit)
    if items or wait_seconds == 0:
        return items
    with waiters.place() as granted:
        if not granted:
            return []
        for _ in waiters.ticks(wait_seconds):
            items = _look(db, after, limit)
            if items:
                return items
    return []


def _look(db: Database, after: Position, limit: int) -> list[FeedItem]:
    with db.read() as session:
        return list_after(session, after, limit=limit)
