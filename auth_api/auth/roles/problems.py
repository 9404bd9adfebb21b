"""What can go wrong with roles."""

from __future__ import annotations

from auth.platform.problems import Problem


class RoleNotFound(Problem):
    """No role of this name."""

    code, status, title = "role_not_found", 404, "No such role"


class RoleExists(Problem):
    """Names of roles are unique."""

    code, status, title = "role_exists", 409, "There is a role of this name"


class RoleBuiltIn(Problem):
    """The suite itself relies on customer, support, finance and admin: they stay as they are."""

    code, status, title = "role_built_in", 409, "A built-in role cannot be changed"


class RoleInUse(Problem):
    """Somebody holds it: take it from them first."""

    code, status, title = "role_in_use", 409, "Accounts hold this role"


class LastAdmin(Problem):
    """Nobody could give roles any more."""

    code, status, title = "last_admin", 409, "The last administrator stays one"


class RoleRequired(Problem):
    """Every account is a customer."""

    code, status, title = "role_required", 409, "This role cannot be taken away"
