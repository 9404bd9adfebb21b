"""A role nobody holds is deleted."""

from __future__ import annotations

from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.roles.store import delete_role, lock_own_role


def remove_role(db: Database, clock: Clock, name: str, *, by: str, origin: Origin) -> None:
    """Raises RoleNotFound, RoleBuiltIn, RoleInUse."""
    with db.begin() as session:
        delete_role(session, lock_own_role(session, name))
        detail = {"role": name, "by": by}
        record(session, Event.ROLE_DELETED, now=clock.now(), origin=origin, detail=detail)
