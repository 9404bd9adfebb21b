"""Writes of roles and of who holds them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from auth.roles.problems import LastAdmin, RoleBuiltIn, RoleExists, RoleInUse, RoleNotFound
from auth.roles.rules import Role, is_role_name
from auth.roles.tables import AccountRole, RoleRow


def grant_role(session: Session, account_id: UUID, role: str, *, now: datetime) -> bool:
    """True when the account did not hold the role before. Raises RoleNotFound."""
    # FOR KEY SHARE: the role cannot be deleted before the end, and grants need not queue.
    known = (
        select(RoleRow.name).where(RoleRow.name == role).with_for_update(read=True, key_share=True)
    )
    if session.scalar(known) is None:
        raise RoleNotFound
    granted = session.execute(
        insert(AccountRole)
        .values(account_id=account_id, role=role, granted_at=now)
        .on_conflict_do_nothing()
        .returning(AccountRole.role)
    )
    return granted.first() is not None


def revoke_role(session: Session, account_id: UUID, role: str) -> bool:
    """True when the account held the role. Raises LastAdmin."""
    if role == Role.ADMIN:
        # Both of two at once stop here, and the second sees what the first has left.
        session.execute(
            select(RoleRow.name).where(RoleRow.name == Role.ADMIN.value).with_for_update()
        )
        holders = session.scalars(
            select(AccountRole.account_id).where(AccountRole.role == Role.ADMIN.value)
        ).all()
        if list(holders) == [account_id]:
            raise LastAdmin
    revoked = session.execute(
        delete(AccountRole)
        .where(AccountRole.account_id == account_id, AccountRole.role == role)
        .returning(AccountRole.role)
    )
    return revoked.first() is not None


def add_role(session: Session, name: str, scopes: Iterable[str], description: str) -> RoleRow:
    """Raises RoleExists."""
    made = session.execute(
        insert(RoleRow)
        .values(name=name, scopes=sorted(set(scopes)), description=description, built_in=False)
        .on_conflict_do_nothing()
        .returning(RoleRow)
    ).scalar_one_or_none()
    if made is None:
        raise RoleExists
    return made


def lock_own_role(session: Session, name: str) -> RoleRow:
    """A role that may be changed. Raises RoleNotFound, RoleBuiltIn."""
    role = None
    if is_role_name(name):
        role = session.scalar(select(RoleRow).where(RoleRow.name == name).with_for_update())
    if role is None:
        raise RoleNotFound
    if role.built_in:
        raise RoleBuiltIn
    return role


def delete_role(session: Session, role: RoleRow) -> None:
    """Call with the row locked. Raises RoleInUse."""
    if session.scalar(select(AccountRole.role).where(AccountRole.role == role.name).limit(1)):
        raise RoleInUse
    session.execute(delete(RoleRow).where(RoleRow.name == role.name))
