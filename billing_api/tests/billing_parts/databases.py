"""A migrated database of its own, with the service's role as it is in earnest."""

import secrets
from urllib.parse import urlsplit

import psycopg2
from alembic import command

from billing.platform.grants import grant_service_role
from billing.wiring.migrating import migration_config
from billing_parts.api import Urls
from launcher.testing import create_database


def migrate_new(postgres_url: str) -> Urls:
    """In the cluster whose superuser's address is given."""
    owner = create_database(postgres_url, "billing")
    role, password = f"service_{secrets.token_hex(6)}", secrets.token_hex(16)
    connection = psycopg2.connect(postgres_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
    connection.close()
    parts = urlsplit(owner)
    service = f"postgresql://{role}:{password}@{parts.hostname}:{parts.port}{parts.path}"
    command.upgrade(migration_config(owner), "head")
    grant_service_role(owner, service)
    return Urls(owner, service)
