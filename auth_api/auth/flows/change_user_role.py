"""A role is given to an account or taken from it: row, audit event and feed in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from auth.accounts.problems import AccountNotFound
from auth.accounts.store import lock_account, raise_version
from auth.accounts.tables import Account
from auth.audit.rules import Event, Origin
from auth.audit.store import record
from auth.changes.store import append
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.roles.problems import RoleRequired
from auth.roles.queries import get_role, grants_of
from auth.roles.rules import Role
from auth.roles.store import grant_role, revoke_role


@dataclass(frozen=True, slots=True)
class RoleChange:
    """`by` is the subject of the token that asked."""

    account_id: UUID
    role: str
    by: str
    revoke: bool


def change_user_role(
    db: Database, clock: Clock, wanted: RoleChange, origin: Origin
) -> tuple[Account, list[str], bool]:
    """The account, its roles now, and whether anything changed.

    Raises AccountNotFound, RoleNotFound, LastAdmin, RoleRequired.
    """
    if wanted.revoke and wanted.role == Role.CUSTOMER:
        raise RoleRequired
    now = clock.now()
    with db.begin() as session:
        account = lock_account(session, wanted.account_id)
        if account is None:
            raise AccountNotFound
        if wanted.revoke:
            get_role(session, wanted.role)
            changed = revoke_role(session, account.id, wanted.role)
        else:
            changed = grant_role(session, account.id, wanted.role, now=now)
        roles = grants_of(session, account.id).roles
        if changed:
            raise_version(session, account, now=now)
            event = Event.ROLE_REVOKED if wanted.revoke else Event.ROLE_GRANTED
            detail = {"role": wanted.role, "by": wanted.by}
            record(session, event, now=now, origin=origin, account_id=account.id, detail=detail)
            append(
                session,
                kind="account",
                object_id=str(account.id),
                version=account.version,
                at=now,
                data=account.snapshot(roles),
            )
    return account, roles, changed
