"""The names of the roles. What each may do is data: the scopes column of the roles table."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "customer"
    SUPPORT = "support"
    FINANCE = "finance"
    ADMIN = "admin"


def scope_string(scopes: Iterable[str]) -> str:
    """The `scope` claim: each scope once, in a stable order."""
    return " ".join(sorted(set(scopes)))
