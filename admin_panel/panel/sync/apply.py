"""A page becomes rows and the cursor moves, in one transaction: a crash repeats, never skips.

The only code that writes mirror rows. A change the tables cannot hold is set aside (the rest of
its page is applied), because one malformed row must not stop everybody's figures.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DataError, IntegrityError, connection, transaction

from panel.sync import cursors
from panel.sync.feed import FeedPage
from panel.sync.statements import KINDS, MIRROR, Kind, Tables

log = structlog.get_logger("panel.sync")
_MALFORMED = (DataError, IntegrityError, KeyError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Refused:
    """A change the tables could not hold."""

    change: Any
    error: str


def apply_page(feed: str, after: str, page: FeedPage) -> bool:
    """False when another worker has moved the cursor meanwhile: this page is then not ours."""
    with transaction.atomic():
        if cursors.lock(feed) != after:
            return False
        for refused in put_changes(page.items, MIRROR):
            cursors.set_aside(feed, refused.change, refused.error)
        cursors.move(feed, page)
    return True


def put_changes(items: list[dict[str, Any]], tables: Tables) -> list[Refused]:
    """Write a page into a set of tables; gives back what they would not take."""
    if not items:
        return []
    try:
        with transaction.atomic():
            _put_sets(items, tables)
    except _MALFORMED:
        return _put_one_by_one(items, tables)
    return []


def _put_one_by_one(items: list[dict[str, Any]], tables: Tables) -> list[Refused]:
    refused = []
    for item in items:
        try:
            with transaction.atomic():
                _put_sets([item], tables)
        except _MALFORMED as error:
            log.warning("a change is set aside", error=error)
            refused.append(Refused(item, str(error)))
    return refused


def _put_sets(items: list[dict[str, Any]], tables: Tables) -> None:
    """One statement a kind. Kinds of tomorrow are passed over."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        by_kind[item["kind"]].append(item)
    for name, changes in by_kind.items():
        if name not in KINDS:
            continue
        fresh = _upsert(name, changes, tables)
        if name == "journal" and fresh:
            _put_lines(changes, fresh, tables)


def _flat(kind: Kind, change: dict[str, Any]) -> dict[str, Any]:
    """`data` laid flat beside id and version; fields of tomorrow are kept under `extra`."""
    data = change["data"]
    row = {**data, "id": change["id"], "version": change["version"]}
    row.pop("lines", None)  # a journal's lines have a statement of their own
    row["extra"] = {name: row.pop(name) for name in data.keys() - kind.known}
    return row


def _upsert(name: str, changes: list[dict[str, Any]], tables: Tables) -> set[str]:
    rows = [_flat(KINDS[name], change) for change in changes]
    with connection.cursor() as cursor:
        cursor.execute(tables.upserts[name], [json.dumps(rows, ensure_ascii=False)])
        return {str(pk) for (pk,) in cursor.fetchall()}


def _put_lines(changes: list[dict[str, Any]], fresh: set[str], tables: Tables) -> None:
    """Lines of the journals just written; `fresh` holds each once, at its highest version."""
    newest: dict[str, dict[str, Any]] = {}
    for change in changes:
        known = newest.get(change["id"])
        if change["id"] in fresh and (known is None or change["version"] > known["version"]):
            newest[change["id"]] = change
    lines = [
        {**line, "journal_id": change["id"], "at": change["data"].get("at")}
        for change in newest.values()
        for line in change["data"].get("lines") or ()
    ]
    text = json.dumps(lines, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(tables.clear_lines, [list(newest), text])
        cursor.execute(tables.put_lines, [text])
