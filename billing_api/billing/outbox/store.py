"""The one write of the outbox, in the transaction of what it tells of."""

from datetime import datetime

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.platform.strict_json import dump_json

_ADD = text("""
    INSERT INTO outbox (id, event, object_id, at, data)
    VALUES (:id, :event, :object_id, :at, CAST(:data AS jsonb))
""")


async def add_event(
    session: WriteSession, event: str, object_id: object, *, at: datetime, data: dict[str, object]
) -> None:
    await session.run_later(
        _ADD,
        {
            "id": new_id(),
            "event": event,
            "object_id": str(object_id),
            "at": at,
            "data": dump_json(data).decode(),
        },
    )
