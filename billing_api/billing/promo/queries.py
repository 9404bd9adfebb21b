"""Reads of promotional money."""

from datetime import datetime

from sqlalchemy import text

from billing.platform.database import ReadSession

_DUE = text("""
    SELECT DISTINCT customer_id, currency FROM (
        SELECT customer_id, currency FROM promo_grants
        WHERE rest_minor > 0 AND expires_at <= :now ORDER BY expires_at LIMIT :limit
    ) AS due
""")


async def list_due(session: ReadSession, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Whose promotional money has run out, and in which currency."""
    rows = await session.all(_DUE, {"now": now, "limit": limit})
    return [(row["customer_id"], row["currency"]) for row in rows]
