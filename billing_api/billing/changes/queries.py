"""Reads of the feed. Only rows below the oldest running transaction are shown: a transaction that
commits late keeps its lower number, and a reader already past it would never see it.
"""

from typing import Any

from sqlalchemy import text

from billing.changes.rules import Position
from billing.platform.clock import format_instant
from billing.platform.database import ReadSession

_PAGE = text("""
    SELECT CAST(xid AS text) AS xid, seq, kind, object_id, version, at, data
    FROM changes
    WHERE (xid, seq) > (CAST(CAST(:xid AS text) AS xid8), :seq)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY changes.xid, seq
    LIMIT :limit
""")


async def read_changes(
    session: ReadSession, after: Position, limit: int
) -> tuple[list[dict[str, Any]], Position]:
    """The next items and the position to go on from."""
    rows = await session.all(_PAGE, {"xid": str(after.xid), "seq": after.seq, "limit": limit})
    items = [
        {
            "position": str(Position(int(row["xid"]), row["seq"])),
            "kind": row["kind"],
            "id": row["object_id"],
            "version": row["version"],
            "at": format_instant(row["at"]),
            "data": row["data"],
        }
        for row in rows
    ]
    if not rows:
        return items, after
    return items, Position(int(rows[-1]["xid"]), rows[-1]["seq"])
