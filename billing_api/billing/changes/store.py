"""The one write of the feed, in the transaction of the change it tells of."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.platform.strict_json import dump_json

_RECORD = text("""
    INSERT INTO changes (kind, object_id, version, at, data)
    SELECT kind, object_id, version, :at, CAST(data AS jsonb)
    FROM unnest(CAST(:kinds AS text[]), CAST(:object_ids AS text[]), CAST(:versions AS bigint[]),
                CAST(:documents AS text[]))
         WITH ORDINALITY AS change (kind, object_id, version, data, number)
    ORDER BY number
""")


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it is now; `data` is its snapshot."""

    kind: str
    object_id: object
    version: int
    data: dict[str, object]


async def record_changes(session: WriteSession, at: datetime, *changes: Change) -> None:
    """In the order given, which is the feed's."""
    await session.run_later(
        _RECORD,
        {
            "at": at,
            "kinds": [change.kind for change in changes],
            "object_ids": [str(change.object_id) for change in changes],
            "versions": [change.version for change in changes],
            "documents": [dump_json(change.data).decode() for change in changes],
        },
    )


async def record_change(
    session: WriteSession,
    kind: str,
    object_id: object,
    *,
    version: int,
    at: datetime,
    data: dict[str, object],
) -> None:
    await record_changes(session, at, Change(kind, object_id, version, data))
