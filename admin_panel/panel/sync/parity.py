"""Is the mirror what the feeds said? Count, sum and checksum a table and UTC day, on both sides.

Both sides stand at one position: the mirror's figures and its cursor are read in one snapshot, and
billing is asked what it had told up to that cursor (contracts/parity.schema.json). Auth has no
such question, so its feed is read again from the beginning into tables of our own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from panel.sync.feed import Feed
from panel.sync.rebuild import Reading, read_on, rebuilt_tables

# A snapshot as jsonb, rebuilt from the columns: fields that are null are left out on both sides.
_MONEY = "to_char({}::numeric / 100, 'FM9999999999999999990.00')"
# The three digits billing writes; all six where a row has them, which then differs and shows.
_INSTANT = """regexp_replace(
    to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '000Z$', 'Z')"""


def _document(**fields: str) -> str:
    pairs = ", ".join(f"'{name}', {value}" for name, value in fields.items())
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def _as_is(*names: str) -> dict[str, str]:
    return {name: name for name in names}


def _instants(*names: str) -> dict[str, str]:
    return {name: _INSTANT.format(name) for name in names}


_CUSTOMER = "coalesce(customer_id::text, program_id)"
_PAYMENT = _document(
    **_as_is(
        "id", "status", "currency", "description", "confirmation_url",
        "return_url", "cancel_requested_by", "cancellation_reason", "provider_id",
        "provider_status", "undecided", "test", "quarantine_reason", "on_expiry",
    ),
    **_instants(
        "created_at", "paid_at", "canceled_at", "cancel_requested_at", "updated_at",
        "capture_before",
    ),
    customer_id=_CUSTOMER,
    value=_MONEY.format("amount_minor"),
    captured_value=_MONEY.format("captured_minor"),
    refunded_value=_MONEY.format("refunded_minor"),
)  # fmt: skip
_BALANCE = _document(
    **_as_is("currency"),
    **_instants("updated_at"),
    customer_id=_CUSTOMER,
    available=_MONEY.format("available_minor"),
    held=_MONEY.format("held_minor"),
)
_JOURNAL = _document(**_as_is("kind", "payment_id", "description", "lines"), **_instants("at"))
_LINE = _document(
    **_as_is("line_no", "account", "account_kind", "currency"),
    customer_id=_CUSTOMER,
    amount=_MONEY.format("amount_minor"),
)
# A line without its journal is a row too many: it has no day.
_JOURNALS = f"""
    (SELECT * FROM mirror_journal AS journal FULL JOIN (
        SELECT journal_id, jsonb_agg({_LINE} ORDER BY line_no) AS lines,
               sum(greatest(amount_minor, 0)) AS given_minor
        FROM mirror_journalline GROUP BY journal_id
    ) AS line ON line.journal_id = journal.id) AS journal
"""  # noqa: S608 - built from the constants of this module alone


def _figures(table: str, day: str, minor: str, document: str) -> str:
    return f"""
        SELECT ({day} AT TIME ZONE 'UTC')::date::text AS day, count(*),
               {_MONEY.format(f"coalesce(sum({minor}), 0)")},
               md5(string_agg(hash, '' ORDER BY id COLLATE "C"))
        FROM (SELECT {day}, {minor}, id::text AS id,
                     md5(concat_ws(' ', id, version,
                         jsonb_strip_nulls(coalesce(extra, '{{}}')) || {document})) AS hash
              FROM {table}) AS told
        GROUP BY 1
    """  # noqa: S608 - built from the constants of this module alone


_BILLING = {
    "payment": _figures("mirror_payment", "created_at", "amount_minor", _PAYMENT),
    "balance": _figures("mirror_balance", "updated_at", "available_minor", _BALANCE),
    "journal": _figures(_JOURNALS, "at", "given_minor", _JOURNAL),
}
_PEOPLE = """
    SELECT (created_at AT TIME ZONE 'UTC')::date::text, count(*), '0.00',
           md5(string_agg(md5(person::text), '' ORDER BY id))
    FROM {}_person AS person GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One table's rows of one day."""

    count: int
    sum: str
    checksum: str


Days = Mapping[str | None, Figures]


@dataclass(frozen=True, slots=True)
class Difference:
    """A table and day of which the two sides hold something else; None: nothing at all."""

    table: str
    day: str | None
    here: Figures | None
    there: Figures | None


@dataclass(frozen=True, slots=True)
class Parity:
    """What was compared, where, and how it came out."""

    position: str
    counts: Mapping[str, int]
    differences: list[Difference]


def compare_billing(feed: Feed) -> Parity:
    """Raises FeedError when billing does not answer, or knows no such position."""
    position, here = _snapshot("billing", _BILLING)
    there = {kind: _told(feed, kind, position or "0-0") for kind in here}
    return _compared(position, here, there)


def compare_auth(feed: Feed) -> Parity:
    """Raises FeedError when auth does not answer."""
    position, here = _snapshot("auth", {"person": _PEOPLE.format("mirror")})
    with rebuilt_tables("auth"):
        read_on(feed, Reading(), until=position)
        there = {"person": _days(_PEOPLE.format("rebuilt"))}
    return _compared(position, here, there)


def _snapshot(feed: str, statements: Mapping[str, str]) -> tuple[str, dict[str, Days]]:
    """The cursor and the figures as of one instant, while the worker goes on."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT position FROM mirror_feedcursor WHERE name = %s", [feed])
        row = cursor.fetchone()
        return (row[0] if row else ""), {name: _days(text) for name, text in statements.items()}


def _days(statement: str) -> Days:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {day: Figures(*figures) for day, *figures in cursor.fetchall()}


def _told(feed: Feed, kind: str, position: str) -> Days:
    return {
        day["day"]: Figures(day["count"], day["sum"], day["checksum"])
        for day in feed.parity(kind, position)
    }


def _compared(position: str, here: Mapping[str, Days], there: Mapping[str, Days]) -> Parity:
    differences = [
        Difference(table, day, here[table].get(day), there[table].get(day))
        for table in here
        for day in sorted({*here[table], *there[table]}, key=str)
        if here[table].get(day) != there[table].get(day)
    ]
    counts = {table: sum(one.count for one in days.values()) for table, days in here.items()}
    return Parity(position, counts, differences)
