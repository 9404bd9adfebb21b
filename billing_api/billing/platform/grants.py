"""Rights of the service's role: it may do its work and cannot rewrite what is append-only."""

from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2 import sql

APPEND_ONLY = (
    "accounts",
    "journals",
    "postings",
    "changes",
    "payment_decisions",
    "charge_reversals",
    "balance_adjustments",
    "promo_expiries",
    "seals",
)
WRITABLE = (
    "payments",
    "payment_attempts",
    "payment_polls",
    "refunds",
    "refund_scans",
    "customer_balances",
    "charges",
    "balance_holds",
    "promo_grants",
    "promo_uses",
    "idempotency_keys",
    "inbox",
    "outbox",
    "heartbeats",
)
QUEUE_SCHEMA = "pgqueuer"


def grant_service_role(owner_url: str, service_url: str) -> None:
    """Nothing to do where one role is both."""
    role = unquote(urlsplit(service_url).username or "")
    if not role or role == unquote(urlsplit(owner_url).username or ""):
        return
    name, queue = sql.Identifier(role), sql.Identifier(QUEUE_SCHEMA)
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name),
        sql.SQL("GRANT SELECT ON alembic_version TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT ON {} TO {}").format(_tables(APPEND_ONLY), name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE ON {} TO {}").format(_tables(WRITABLE), name),
        sql.SQL("GRANT DELETE ON idempotency_keys TO {}").format(name),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(queue, name),
        sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA {} TO {}").format(queue, name),
        sql.SQL("GRANT ALL ON ALL SEQUENCES IN SCHEMA {} TO {}").format(queue, name),
    ]
    with psycopg2.connect(owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("; ").join(statements))
    connection.close()


def _tables(names: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
