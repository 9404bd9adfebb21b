"""Reads of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.audit.rules import Event
from auth.audit.tables import AuditEvent


def list_events(
    session: Session, account_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[AuditEvent]:
    """Newest first: ids are made in the order of time."""
    wanted = select(AuditEvent).where(AuditEvent.account_id == account_id)
    if before is not None:
        wanted = wanted.where(AuditEvent.id < before)
    return session.scalars(wanted.order_by(AuditEvent.id.desc()).limit(limit)).all()


def has_logged_in_from(session: Session, account_id: UUID, address: str) -> bool:
    known = select(AuditEvent.id).where(
        AuditEvent.account_id == account_id,
        AuditEvent.event == Event.LOGIN_OK.value,
        AuditEvent.address == address,
    )
    return session.scalar(known.limit(1)) is not None
