"""The session of a token ends, or every session of its account."""

from __future__ import annotations

from uuid import UUID

from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.sessions.store import end_all, end_family


def log_out(
    db: Database,
    clock: Clock,
    *,
    account_id: UUID,
    session_id: UUID | None,
    everywhere: bool,
    origin: Origin,
) -> None:
    now = clock.now()
    with db.begin() as session:
        if everywhere:
            ended = end_all(session, account_id, now=now)
        else:
            ended = int(
                session_id is not None and end_family(session, session_id, account_id, now=now)
            )
        record(
            session,
            Event.LOGGED_OUT,
            now=now,
            origin=origin,
            account_id=account_id,
            detail={"sessions": ended},
        )
