"""The one write of the feed, in the transaction of the change it tells of."""

from datetime import datetime

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.platform.strict_json import dump_json

_RECORD = text("""
    INSERT INTO changes (kind, object_id, version, at, data)
    VALUES (:kind, :object_id, :version, :at, CAST(:data AS jsonb))
""")


async def record_change(
    session: WriteSession,
    kind: str,
    object_id: object,
    *,
    version: int,
    at: datetime,
    data: dict[str, object],
) -> None:
    await session.run(
        _RECORD,
        {
            "kind": kind,
            "object_id": str(object_id),
            "version": version,
            "at": at,
            "data": dump_json(data).decode(),
        },
    )
