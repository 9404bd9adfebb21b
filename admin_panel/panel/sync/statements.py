"""One statement a kind: a page of changes in, the mirror's rows out, newer versions only.

Within a page an object may come several times, so the highest version is chosen before the insert
(ON CONFLICT cannot touch a row twice). The feed's order is not the row's: `version` decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of change becomes rows: its SQL, and which fields of `data` the SQL knows."""

    table: str
    statement: str
    known: frozenset[str]
    flatten: Callable[["Kind", dict[str, Any]], dict[str, Any]]


def _minor(field: str) -> str:
    """Money comes as a string with two decimals; exact, never through a binary float."""
    return f"({field} * 100)::bigint"


def _upsert(table: str, columns: Mapping[str, str], record: str) -> str:
    """INSERT ... SELECT FROM json_to_recordset ... ON CONFLICT, as one statement."""
    names = ", ".join(columns)
    values = ", ".join(columns.values())
    replace = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    return f"""
        INSERT INTO {table} AS mirror ({names})
        SELECT DISTINCT ON (id) {values}
        FROM json_to_recordset(%s::json) AS change ({record})
        ORDER BY id, version DESC
        ON CONFLICT (id) DO UPDATE SET {replace}
        WHERE excluded.version > mirror.version
        RETURNING id
    """  # noqa: S608 - built from the constants of this module alone


def _flat(kind: Kind, change: dict[str, Any]) -> dict[str, Any]:
    """`data` laid flat beside id and version; fields of tomorrow are kept under `extra`."""
    data = change["data"]
    row = {**data, "id": change["id"], "version": change["version"]}
    row.pop("lines", None)  # a journal's lines have a statement of their own
    row["extra"] = {name: row.pop(name) for name in data.keys() - kind.known}
    return row


def _kind(
    table: str, record: str, columns: Mapping[str, str], extra_known: tuple[str, ...] = ()
) -> Kind:
    fields = [part.split()[0] for part in record.split(",")]
    whole_record = f"id {'text' if table == 'mirror_balance' else 'uuid'}, {record}"
    whole_record += ", version bigint, extra jsonb"
    whole = {"id": "id", **columns, "version": "version", "extra": "extra"}
    known = frozenset((*fields, *extra_known))
    return Kind(table, _upsert(table, whole, whole_record), known, _flat)


PERSON = _kind(
    "mirror_person",
    "username text, email text, roles text[], created_at timestamptz, is_active boolean",
    {
        "username": "username",
        "email": "coalesce(email, '')",
        "roles": "coalesce(roles, '{}')",
        "created_at": "created_at",
        "is_active": "coalesce(is_active, true)",
    },
)
PAYMENT = _kind(
    "mirror_payment",
    "customer_id uuid, status text, value numeric, currency text, description text,"
    "confirmation_url text, return_url text, created_at timestamptz, paid_at timestamptz,"
    "canceled_at timestamptz, updated_at timestamptz, cancellation_reason text,"
    "provider_id text, provider_status text, undecided boolean, test boolean,"
    "quarantine_reason text",
    {
        "customer_id": "customer_id",
        "status": "status",
        "amount_minor": _minor("value"),
        "currency": "currency",
        "description": "description",
        "confirmation_url": "confirmation_url",
        "return_url": "return_url",
        "created_at": "created_at",
        "paid_at": "paid_at",
        "canceled_at": "canceled_at",
        "updated_at": "updated_at",
        "cancellation_reason": "cancellation_reason",
        "provider_id": "provider_id",
        "provider_status": "provider_status",
        "undecided": "coalesce(undecided, false)",
        "test": "coalesce(test, false)",
        "quarantine_reason": "quarantine_reason",
    },
    extra_known=("id",),
)
BALANCE = _kind(
    "mirror_balance",
    "customer_id uuid, currency text, available numeric, held numeric, updated_at timestamptz",
    {
        "customer_id": "customer_id",
        "currency": "currency",
        "available_minor": _minor("available"),
        "held_minor": _minor("held"),
        "updated_at": "updated_at",
    },
)
JOURNAL = _kind(
    "mirror_journal",
    "kind text, payment_id uuid, at timestamptz, description text",
    {"kind": "kind", "payment_id": "payment_id", "at": "at", "description": "description"},
    extra_known=("lines",),
)
KINDS: Mapping[str, Kind] = {
    "account": PERSON,
    "payment": PAYMENT,
    "balance": BALANCE,
    "journal": JOURNAL,
}

CLEAR_LINES = "DELETE FROM mirror_journalline WHERE journal_id = ANY(%s::uuid[])"
INSERT_LINES = f"""
    INSERT INTO mirror_journalline
        (journal_id, line_no, account, account_kind, customer_id, amount_minor, currency)
    SELECT journal_id, line_no, account, account_kind, customer_id, {_minor("amount")}, currency
    FROM json_to_recordset(%s::json) AS line (
        journal_id uuid, line_no integer, account text, account_kind text, customer_id uuid,
        amount numeric, currency text)
    ORDER BY journal_id, line_no
"""  # noqa: S608 - built from the constants of this module alone

FEED_TABLES: Mapping[str, tuple[str, ...]] = {
    "billing": ("mirror_payment", "mirror_balance", "mirror_journal"),
    "auth": ("mirror_person",),
}
