"""Reads of roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.roles.problems import RoleNotFound
from auth.roles.rules import is_role_name, scope_string
from auth.roles.tables import AccountRole, RoleRow


@dataclass(frozen=True, slots=True)
class Grants:
    roles: list[str]
    scope: str


def grants_of(session: Session, account_id: UUID) -> Grants:
    rows = session.execute(
        select(RoleRow.name, RoleRow.scopes)
        .join(AccountRole, AccountRole.role == RoleRow.name)
        .where(AccountRole.account_id == account_id)
        .order_by(RoleRow.name)
    ).all()
    return Grants(
        roles=[name for name, _scopes in rows],
        scope=scope_string(scope for _name, scopes in rows for scope in scopes),
    )


def list_roles(session: Session, *, after: str = "", limit: int) -> Sequence[RoleRow]:
    """By name, from the one after `after` on."""
    wanted = select(RoleRow).where(RoleRow.name > after)
    return session.scalars(wanted.order_by(RoleRow.name).limit(limit)).all()


def get_role(session: Session, name: str) -> RoleRow:
    """Raises RoleNotFound."""
    role = session.get(RoleRow, name) if is_role_name(name) else None
    if role is None:
        raise RoleNotFound
    return role
