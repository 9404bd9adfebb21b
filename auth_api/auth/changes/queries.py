"""Reads of the feed: only rows below the oldest running transaction, so none is ever skipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from auth.changes.rules import Position

# A bare `xid` in ORDER BY would be the text that is selected, in which 1000 comes before 999.
_PAGE = text(
    """
    SELECT xid::text AS xid, seq, kind, object_id, version, at, data
      FROM changes
     WHERE (xid, seq) > (CAST(:xid AS xid8), :seq)
       AND xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY changes.xid, seq
     LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class FeedItem:
    position: Position
    kind: str
    object_id: str
    version: int
    at: datetime
    data: dict[str, Any]


def list_after(session: Session, after: Position, *, limit: int) -> list[FeedItem]:
    rows = session.execute(_PAGE, {"xid": str(after.xid), "seq": after.seq, "limit": limit})
    return [
        FeedItem(
            position=Position(int(row.xid), row.seq),
            kind=row.kind,
            object_id=row.object_id,
            version=row.version,
            at=row.at,
            data=row.data,
        )
        for row in rows
    ]
