"""A page becomes rows and the cursor moves, in one transaction: a crash repeats, never skips.

The only code that writes mirror rows. A change the tables cannot hold is set aside (the rest of
its page is applied), because one malformed row must not stop everybody's figures.
"""

import json
from collections import defaultdict
from typing import Any

import structlog
from django.db import DataError, IntegrityError, connection, transaction

from panel.sync import cursors
from panel.sync.cursors import Cursor
from panel.sync.feed import FeedPage
from panel.sync.statements import CLEAR_LINES, INSERT_LINES, KINDS, Kind

log = structlog.get_logger("panel.sync")
_MALFORMED = (DataError, IntegrityError, KeyError, TypeError, ValueError, AttributeError)


def apply_page(feed: str, after: str, page: FeedPage) -> bool:
    """False when another worker has moved the cursor meanwhile: this page is then not ours."""
    with transaction.atomic():
        cursor = cursors.lock(feed)
        if cursor.position != after:
            return False
        if page.items:
            _apply_items(feed, page.items)
        if cursor.resyncing and not page.full:
            cursors.finish_resync(feed)
        cursors.move(_moved(cursor, page), page, measure=not cursor.resyncing)
    return True


def _moved(cursor: Cursor, page: FeedPage) -> Cursor:
    resyncing = cursor.resyncing and page.full
    return Cursor(cursor.name, page.next_after, resyncing)


def _apply_items(feed: str, items: list[dict[str, Any]]) -> None:
    try:
        with transaction.atomic():
            _apply_sets(items)
    except _MALFORMED:
        _apply_one_by_one(feed, items)


def _apply_one_by_one(feed: str, items: list[dict[str, Any]]) -> None:
    for item in items:
        try:
            with transaction.atomic():
                _apply_sets([item])
        except _MALFORMED as error:
            log.warning("a change is set aside", **{"error.message": str(error)[:500]})
            cursors.set_aside(feed, item, str(error))


def _apply_sets(items: list[dict[str, Any]]) -> None:
    """One statement a kind. Kinds of tomorrow are passed over."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        by_kind[item["kind"]].append(item)
    for name, changes in by_kind.items():
        kind = KINDS.get(name)
        if kind is None:
            continue
        fresh = _upsert(kind, changes)
        if name == "journal" and fresh:
            _put_lines(changes, fresh)


def _upsert(kind: Kind, changes: list[dict[str, Any]]) -> set[str]:
    rows = [kind.flatten(kind, change) for change in changes]
    with connection.cursor() as cursor:
        cursor.execute(kind.statement, [json.dumps(rows, ensure_ascii=False)])
        return {str(pk) for (pk,) in cursor.fetchall()}


def _put_lines(changes: list[dict[str, Any]], fresh: set[str]) -> None:
    """Lines of the journals just written; `fresh` holds each once, at its highest version."""
    newest: dict[str, dict[str, Any]] = {}
    for change in changes:
        known = newest.get(change["id"])
        if change["id"] in fresh and (known is None or change["version"] > known["version"]):
            newest[change["id"]] = change
    lines = [
        {**line, "journal_id": change["id"]}
        for change in newest.values()
        for line in change["data"].get("lines") or ()
    ]
    with connection.cursor() as cursor:
        cursor.execute(CLEAR_LINES, [list(newest)])
        cursor.execute(INSERT_LINES, [json.dumps(lines, ensure_ascii=False)])
