"""The sandbox's memory: one SQLite file in WAL mode, used by one process from one thread.

A committed statement survives `kill -9` of the process (not a power cut): synchronous=NORMAL
leaves the flush to the operating system, which is what makes 500 creates a second cheap.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    shop_id TEXT NOT NULL,
    status TEXT NOT NULL,
    method TEXT,
    created_ms INTEGER NOT NULL,
    captured_ms INTEGER,
    deadline_ms INTEGER,
    document TEXT NOT NULL,
    private TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_order ON payments (shop_id, created_ms, seq);
CREATE INDEX IF NOT EXISTS payments_deadline ON payments (deadline_ms)
    WHERE deadline_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS refunds (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    shop_id TEXT NOT NULL,
    payment_id TEXT NOT NULL REFERENCES payments (id),
    status TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    due_ms INTEGER,
    reason TEXT,
    party TEXT,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_order ON refunds (shop_id, created_ms, seq);
CREATE INDEX IF NOT EXISTS refunds_payment ON refunds (payment_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotence (
    shop_id TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    object_id TEXT,
    answer TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (shop_id, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    object_id TEXT NOT NULL,
    event TEXT NOT NULL,
    body TEXT NOT NULL,
    fault TEXT,
    state TEXT NOT NULL,
    base_ms INTEGER NOT NULL,
    made INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_ms) WHERE next_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS deliveries_object ON deliveries (object_id);
CREATE TABLE IF NOT EXISTS attempts (
    delivery_id TEXT NOT NULL REFERENCES deliveries (id),
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    code INTEGER,
    error TEXT
);
CREATE INDEX IF NOT EXISTS attempts_delivery ON attempts (delivery_id);
CREATE TABLE IF NOT EXISTS faults (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    spec TEXT NOT NULL,
    remaining INTEGER NOT NULL,
    fired INTEGER NOT NULL DEFAULT 0
);
"""

Row = sqlite3.Row


class State:
    """Statements and transactions. Every call is synchronous and short: between two awaits nothing
    else runs, which is also what makes concurrent requests with one key safe."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=5)
        self._db.row_factory = sqlite3.Row
        self._depth = 0
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Folds the log into the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; an inner one belongs to the outer."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._depth = 0

    def run(self, sql: str, *values: Any) -> int:
        """A statement that writes; the number of rows it touched."""
        return self._db.execute(sql, values).rowcount

    def one(self, sql: str, *values: Any) -> Row | None:
        """The first row."""
        row: Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Every row."""
        return self._db.execute(sql, values).fetchall()

    def page(self, table: str, conditions: list[tuple[str, Any]], limit: int) -> list[Row]:
        """Newest first; the conditions are our own fragments with their values, see lists.py."""
        where = " AND ".join(sql for sql, _ in conditions) or "1"
        values = [part for _, value in conditions for part in _flat(value)]
        return self.all(
            f"SELECT * FROM {table} WHERE {where} ORDER BY created_ms DESC, seq DESC LIMIT ?",  # noqa: S608
            [*values, limit],
        )


def dump(document: dict[str, Any]) -> str:
    """A public object as it lies in its row."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def load(text: str) -> dict[str, Any]:
    """What `dump` has written."""
    document: dict[str, Any] = json.loads(text)
    return document


def _flat(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
