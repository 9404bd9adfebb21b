"""A role is made, or one of our own making is given other scopes. They hold from the next token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.roles.store import add_role, lock_own_role
from auth.roles.tables import RoleRow


@dataclass(frozen=True, slots=True)
class RoleText:
    name: str
    scopes: Sequence[str]
    description: str


def put_role(
    db: Database, clock: Clock, wanted: RoleText, *, is_new: bool, by: str, origin: Origin
) -> RoleRow:
    """Raises RoleExists where it is to be new, else RoleNotFound and RoleBuiltIn."""
    with db.begin() as session:
        if is_new:
            role = add_role(session, wanted.name, wanted.scopes, wanted.description)
        else:
            role = lock_own_role(session, wanted.name)
            role.scopes = sorted(set(wanted.scopes))
            role.description = wanted.description
        detail = {"role": role.name, "scopes": list(role.scopes), "by": by}
        record(session, Event.ROLE_PUT, now=clock.now(), origin=origin, detail=detail)
    return role
