"""Grants of roles."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth.roles.rules import Role
from auth.roles.tables import AccountRole


def grant_role(session: Session, account_id: UUID, role: Role, *, now: datetime) -> bool:
    """True when the account did not hold the role before."""
    granted = session.execute(
        insert(AccountRole)
        .values(account_id=account_id, role=role.value, granted_at=now)
        .on_conflict_do_nothing()
        .returning(AccountRole.role)
    )
    return granted.first() is not None
