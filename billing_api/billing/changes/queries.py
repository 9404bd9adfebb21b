"""Reads of the feed. Only rows below the oldest running transaction are shown: a transaction that
commits late keeps its lower number, and a reader already past it would never see it.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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

# What is below the horizon never changes again: the answer for a position is the same for ever.
_REACHED = text("""
    SELECT CAST(CAST(:xid AS text) AS xid8) < pg_snapshot_xmin(pg_current_snapshot()) AS reached
""")
# Versions are chosen on narrow rows, and hashes are sorted instead of the snapshots: a million
# changes fit into the statement's time.
_PARITY = text("""
    WITH newest AS MATERIALIZED (
        SELECT DISTINCT ON (object_id COLLATE "C") seq
        FROM changes
        WHERE kind = :kind AND (xid, seq) <= (CAST(CAST(:xid AS text) AS xid8), :seq)
        ORDER BY object_id COLLATE "C", version DESC, seq
    ), told AS MATERIALIZED (
        SELECT c.object_id COLLATE "C" AS id,
               md5(concat_ws(' ', c.object_id, c.version, jsonb_strip_nulls(c.data))) AS hash,
               CASE c.kind WHEN 'payment' THEN c.data ->> 'created_at'
                           WHEN 'balance' THEN c.data ->> 'updated_at'
                           WHEN 'journal' THEN c.data ->> 'at' END AS happened,
               CASE c.kind WHEN 'payment' THEN CAST(c.data ->> 'value' AS numeric)
                           WHEN 'balance' THEN CAST(c.data ->> 'available' AS numeric)
                           WHEN 'journal' THEN (
                               SELECT sum(greatest(CAST(line ->> 'amount' AS numeric), 0))
                               FROM jsonb_array_elements(c.data -> 'lines') AS line) END AS amount
        FROM newest JOIN changes c USING (seq)
    )
    SELECT CAST(CAST(happened AS timestamptz) AT TIME ZONE 'UTC' AS date) AS day,
           count(*) AS count, coalesce(sum(amount), 0) AS sum,
           md5(string_agg(hash, '' ORDER BY id)) AS checksum
    FROM told
    GROUP BY day
    ORDER BY day
""")


@dataclass(frozen=True, slots=True)
class ParityDay:
    """What a mirror must hold of one kind and one UTC day, at one position."""

    day: date | None
    count: int
    sum: Decimal
    checksum: str


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


async def read_parity(session: ReadSession, kind: str, at: Position) -> list[ParityDay] | None:
    """The newest snapshot of each object at or below a position, by the day it belongs to.

    None for a position below which the feed may still put changes.
    """
    horizon = await session.first(_REACHED, {"xid": str(at.xid)})
    if horizon is None or not horizon["reached"]:
        return None
    rows = await session.all(_PARITY, {"kind": kind, "xid": str(at.xid), "seq": at.seq})
    return [ParityDay(row["day"], row["count"], row["sum"], row["checksum"]) for row in rows]
