"""Reads of the inbox."""

from collections.abc import Sequence

from sqlalchemy import text

from billing.platform.database import ReadSession, Row

_REVIEW = text("""
    SELECT id, event, object_id, outcome, received_at, copies FROM inbox
    WHERE outcome IN ('mismatch', 'given_up') ORDER BY received_at DESC LIMIT :limit
""")
_DEPTH = text("SELECT count(*) AS depth FROM inbox WHERE outcome IS NULL")


async def count_waiting(session: ReadSession) -> int:
    row = await session.first(_DEPTH)
    return int(row["depth"]) if row else 0


async def list_doubtful(session: ReadSession, limit: int) -> Sequence[Row]:
    """Notifications whose object did not fit, or was never seen."""
    return await session.all(_REVIEW, {"limit": limit})
