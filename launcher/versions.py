"""Which code runs, and whether the databases were made by a newer one."""

import hashlib
import re
from contextlib import closing
from pathlib import Path

import psycopg2

from launcher.environment import owner_url
from launcher.layout import REPOSITORY
from launcher.state import State, Trouble

_CODE = (
    *("billing_api/billing", "billing_api/migrations", "auth_api/auth", "auth_api/migrations"),
    *("admin_panel/panel", "yookassa_sandbox/sandbox", "launcher", "requirements"),
    *("nginx/includes", "nginx/templates", "nginx/pages"),
)
_NOT_CODE = {"tests", "__pycache__"}
_REVISION = re.compile(r"""^revision(?::[^=]+)? = ["']([^"']+)["']""", re.MULTILINE)
_ALEMBIC = {
    "BILLING_DATABASE_URL": "billing_api/migrations/versions",
    "AUTH_DATABASE_URL": "auth_api/migrations/versions",
}
_DJANGO = "admin_panel/panel"


def fingerprint(root: Path = REPOSITORY) -> str:
    """Changes with any file that the programs are made of: by a pull, a checkout, an edit."""
    digest = hashlib.sha256()
    for folder in _CODE:
        for path in sorted((root / folder).rglob("*")):
            inside = path.relative_to(root)
            if path.is_file() and not _NOT_CODE & set(inside.parts):
                digest.update(f"{inside}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def refuse_newer_databases(state: State, root: Path = REPOSITORY) -> None:
    """An older clone must not write into tables whose meaning it does not know."""
    for variable, folder in _ALEMBIC.items():
        known = {
            found
            for path in (root / folder).glob("*.py")
            for found in _REVISION.findall(path.read_text())
        }
        _refuse(_applied_by_alembic(owner_url(state, variable)) - known, variable)
    known = {
        f"{path.parent.parent.name}.{path.stem}"
        for path in (root / _DJANGO).glob("*/migrations/[0-9]*.py")
    }
    apps = {name.partition(".")[0] for name in known}
    applied = _applied_by_django(owner_url(state, "ADMIN_DATABASE_URL"))
    ours = {name for name in applied if name.partition(".")[0] in apps}
    _refuse(ours - known, "ADMIN_DATABASE_URL")


def _refuse(unknown: set[str], variable: str) -> None:
    if unknown:
        service = variable.partition("_")[0].lower()
        raise Trouble(
            f"the database of {service} was last used by a newer version of the suite (migration"
            f" {max(unknown)} is not in this clone): bring the clone up to date, or start afresh"
            " with `make reset`, which deletes the databases"
        )


def _applied_by_alembic(url: str) -> set[str]:
    return _read(url, "alembic_version", "SELECT version_num FROM alembic_version")


def _applied_by_django(url: str) -> set[str]:
    return _read(url, "django_migrations", "SELECT app || '.' || name FROM django_migrations")


def _read(url: str, table: str, query: str) -> set[str]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", (table,))
        [(exists,)] = cursor.fetchall()
        if exists is None:
            return set()
        cursor.execute(query)
        return {str(row[0]) for row in cursor.fetchall()}
