"""The names of the built-in roles and the scopes there are.

What each role may do is data: the scopes column of the roles table. A scope is a promise of code,
so the list of them is closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

ROLE_PATTERN = r"^[a-z][a-z0-9_-]{1,31}$"
DESCRIPTION_LENGTH_MAX = 200


class Role(StrEnum):
    CUSTOMER = "customer"
    SUPPORT = "support"
    FINANCE = "finance"
    ADMIN = "admin"


class Scope(StrEnum):
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    BALANCE_READ = "balance:read"
    PAYMENTS_READ_ALL = "payments:read_all"
    REFUNDS_WRITE = "refunds:write"
    BALANCE_ADJUST = "balance:adjust"
    ROLES_WRITE = "roles:write"


def is_role_name(given: str) -> bool:
    """What no role can be called is not looked for: PostgreSQL has no NUL."""
    return re.fullmatch(ROLE_PATTERN, given) is not None


def scope_string(scopes: Iterable[str]) -> str:
    """The `scope` claim: each scope once, in a stable order."""
    return " ".join(sorted(set(scopes)))
