"""When a loop last went round, kept in the database so that any process can tell a dead worker."""

from datetime import datetime

from sqlalchemy import text

from billing.platform.database import ReadSession, WriteSession

_BEAT = text("""
    INSERT INTO heartbeats (name, at) VALUES (:name, :at)
    ON CONFLICT (name) DO UPDATE SET at = excluded.at
""")
_READ = text("SELECT name, at FROM heartbeats")


async def beat(session: WriteSession, name: str, at: datetime) -> None:
    await session.run(_BEAT, {"name": name, "at": at})


async def read_beats(session: ReadSession) -> dict[str, datetime]:
    return {row["name"]: row["at"] for row in await session.all(_READ)}
