"""Appends to the audit trail, in the transaction of what it records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from auth.audit.rules import Event, Origin
from auth.audit.tables import AuditEvent
from auth.platform.ids import new_id


def record(
    session: Session,
    event: Event,
    *,
    now: datetime,
    origin: Origin,
    account_id: UUID | None = None,
    client_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    session.execute(
        insert(AuditEvent).values(
            id=new_id(),
            at=now,
            event=event.value,
            account_id=account_id,
            client_id=client_id,
            address=origin.address,
            user_agent=origin.user_agent,
            request_id=origin.request_id,
            detail=dict(detail or {}),
        )
    )
