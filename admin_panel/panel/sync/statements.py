"""One statement a kind: a page of changes in, the mirror's rows out, newer versions only.

Within a page an object may come several times, so the highest version is chosen before the insert
(ON CONFLICT cannot touch a row twice). The feed's order is not the row's: `version` decides.
The same statements fill the tables of the pages and those a rebuild makes beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# As auth writes the id of an account; what else may own money is a program, by its client id.
# A program's id may be a uuid too, written in another way: kept as it is, or it would be changed.
_ACCOUNT_ID = "customer_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
_CUSTOMER = {
    "customer_id": f"CASE WHEN {_ACCOUNT_ID} THEN customer_id::uuid END",
    "program_id": f"CASE WHEN NOT {_ACCOUNT_ID} THEN customer_id END",
}


def _minor(name: str) -> str:
    """Money comes as a string with two decimals; exact, never through a binary float."""
    return f"({name} * 100)::bigint"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of change becomes rows: its table, and what of `data` its columns hold."""

    table: str
    record: str
    columns: Mapping[str, str]
    id_type: str = "uuid"
    also_known: tuple[str, ...] = ()

    @property
    def known(self) -> frozenset[str]:
        """Fields of `data` that have a column; the others are kept under `extra`."""
        return frozenset((*(part.split()[0] for part in self.record.split(",")), *self.also_known))

    def upsert(self, prefix: str) -> str:
        """INSERT ... SELECT FROM json_to_recordset ... ON CONFLICT, as one statement."""
        columns = {"id": "id", **self.columns, "version": "version", "extra": "extra"}
        names, values = ", ".join(columns), ", ".join(columns.values())
        replace = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
        return f"""
            INSERT INTO {prefix}_{self.table} AS mirror ({names})
            SELECT DISTINCT ON (id) {values}
            FROM json_to_recordset(%s::json) AS change
                (id {self.id_type}, {self.record}, version bigint, extra jsonb)
            ORDER BY id, version DESC
            ON CONFLICT (id) DO UPDATE SET {replace}
            WHERE excluded.version > mirror.version
            RETURNING id
        """  # noqa: S608 - built from the constants of this module alone


def _same(*names: str) -> dict[str, str]:
    return {name: name for name in names}


KINDS: Mapping[str, Kind] = {
    "account": Kind(
        "person",
        "username text, email text, roles text[], created_at timestamptz, is_active boolean",
        {
            **_same("username", "created_at"),
            "email": "coalesce(email, '')",
            "roles": "coalesce(roles, '{}')",
            "is_active": "coalesce(is_active, true)",
        },
    ),
    "payment": Kind(
        "payment",
        "customer_id text, status text, value numeric, currency text, description text,"
        "confirmation_url text, return_url text, created_at timestamptz, paid_at timestamptz,"
        "canceled_at timestamptz, cancel_requested_at timestamptz, cancel_requested_by text,"
        "updated_at timestamptz, cancellation_reason text, provider_id text,"
        "provider_status text, undecided boolean, test boolean, quarantine_reason text,"
        "captured_value numeric, refunded_value numeric, capture_before timestamptz,"
        "on_expiry text",
        {
            **_CUSTOMER,
            **_same(
                "status", "currency", "description", "confirmation_url",
                "return_url", "created_at", "paid_at", "canceled_at", "cancel_requested_at",
                "cancel_requested_by", "updated_at", "cancellation_reason", "provider_id",
                "provider_status", "test", "quarantine_reason", "capture_before", "on_expiry",
            ),
            "amount_minor": _minor("value"),
            "captured_minor": _minor("captured_value"),
            "refunded_minor": _minor("refunded_value"),
            "undecided": "coalesce(undecided, false)",
        },
        also_known=("id",),
    ),
    "balance": Kind(
        "balance",
        "customer_id text, currency text, available numeric, held numeric,"
        "updated_at timestamptz",
        {
            **_CUSTOMER,
            **_same("currency", "updated_at"),
            "available_minor": _minor("available"),
            "held_minor": _minor("held"),
        },
        id_type="text",
    ),
    "journal": Kind(
        "journal",
        "kind text, payment_id uuid, at timestamptz, description text",
        _same("kind", "payment_id", "at", "description"),
        also_known=("lines",),
    ),
}  # fmt: skip

_LINE = {
    **_same("journal_id", "line_no", "at", "account", "account_kind", "currency"),
    **_CUSTOMER,
    "amount_minor": _minor("amount"),
}
_LINE_RECORD = (
    "journal_id uuid, line_no integer, at timestamptz, account text, account_kind text,"
    "customer_id text, amount numeric, currency text"
)


def _put_lines(prefix: str) -> str:
    """A line keeps its id when its journal is told again: pages link to it."""
    replace = ", ".join(f"{name} = excluded.{name}" for name in _LINE)
    return f"""
        INSERT INTO {prefix}_journalline ({", ".join(_LINE)})
        SELECT {", ".join(_LINE.values())}
        FROM json_to_recordset(%s::json) AS line ({_LINE_RECORD})
        ORDER BY journal_id, line_no
        ON CONFLICT (journal_id, line_no) DO UPDATE SET {replace}
    """  # noqa: S608 - built from the constants of this module alone


def _clear_lines(prefix: str) -> str:
    """What journals had and have no more: their ids, then the lines they have."""
    return f"""
        DELETE FROM {prefix}_journalline AS old
        WHERE journal_id = ANY(%s::uuid[]) AND NOT EXISTS (
            SELECT FROM json_to_recordset(%s::json) AS line ({_LINE_RECORD})
            WHERE line.journal_id = old.journal_id AND line.line_no = old.line_no)
    """  # noqa: S608 - built from the constants of this module alone


class Tables:
    """What writes one whole set of the mirror's tables; sets differ in how their names begin."""

    def __init__(self, prefix: str) -> None:
        self.upserts = {name: kind.upsert(prefix) for name, kind in KINDS.items()}
        self.put_lines = _put_lines(prefix)
        self.clear_lines = _clear_lines(prefix)


MIRROR = Tables("mirror")
REBUILT = Tables("rebuilt")

# Each feed's tables with what makes a row the same row in both sets.
FEED_TABLES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "billing": {
        "payment": ("id",),
        "balance": ("id",),
        "journal": ("id",),
        "journalline": ("journal_id", "line_no"),
    },
    "auth": {"person": ("id",)},
}


def columns_of(table: str) -> tuple[str, ...]:
    """The columns a change fills, so all but a line's own id."""
    if table == "journalline":
        return tuple(_LINE)
    kind = next(kind for kind in KINDS.values() if kind.table == table)
    return ("id", *kind.columns, "version", "extra")
