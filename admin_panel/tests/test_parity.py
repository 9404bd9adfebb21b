"""`sync_billing --verify`: equal is said once; every wrong row of every table is found and named.

What billing answers is computed from what it published (`panel_parts.told`);
tests/test_sync_billing.py holds the real billing against the real mirror.
"""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from panel_parts.told import parity_of

from panel.mirror.models import FeedCursor
from panel.sync.follow import follow_once

TABLES = {"payment", "balance", "journal", "journalline", "person"}


@pytest.fixture
def books(neighbour, pull, payment_data, account_data, journal_data):
    """Two people, three payments of two days, a journal and two balances, all mirrored."""
    people = [uuid4(), uuid4()]
    for person, name in zip(people, ("anna", "boris"), strict=True):
        neighbour.publish("auth", "account", person, 1, account_data(name))
        balance = {
            "customer_id": str(person),
            "currency": "RUB",
            "available": "1342.00",
            "held": "0.00",
            "receivable": "0.00",
            "updated_at": "2026-11-22T20:16:00.000Z",
        }
        neighbour.publish("billing", "balance", f"{person}:RUB", 3, balance)
    payments = [uuid4() for _ in range(3)]
    for pk, day in zip(payments, (21, 21, 22), strict=True):
        data = payment_data(
            people[0],
            created_at=f"2026-11-{day}T23:59:59.999Z",
            description='Подписка "é" \\ / \u2028 \t',
            receipt={"тип": [1, None, {"b": None}]},
            test=None,
        )
        for version in (2, 1, 3):
            neighbour.publish("billing", "payment", pk, version, data)
    book = journal_data(payments[0], people[0])
    neighbour.publish("billing", "journal", uuid4(), 1, book)

    neighbour.parity = parity_of(neighbour)
    pull()
    return people


def verify() -> str:
    output = StringIO()
    call_command("sync_billing", verify=True, stdout=output)
    return output.getvalue()


def differences() -> list[str]:
    """The lines of a verification that must fail, with exit 1."""
    output = StringIO()
    with pytest.raises(CommandError, match="differences at") as refused:
        call_command("sync_billing", verify=True, stdout=output)
    assert refused.value.returncode == 1
    return output.getvalue().splitlines()


def test_a_faithful_mirror_is_said_to_be_equal_in_one_line(books):
    said = verify()
    assert said.splitlines() == [
        "equal at 711-12 and 701-2: payment 3, balance 2, journal 1, person 2"
    ]


def test_an_empty_mirror_of_an_empty_billing_is_equal(neighbour):
    neighbour.parity = lambda kind, at: {"kind": kind, "at": at, "days": []}
    assert verify().startswith("equal at the beginning")


LATE = "WHERE created_at > '2026-11-22Z'"
# What is done to the mirror behind sync's back, and how the line about it begins.
WRONG = {
    "payment altered": (
        "payment 2026-11-21",
        """UPDATE mirror_payment SET status = 'succeeded' WHERE id = (SELECT id
           FROM mirror_payment WHERE created_at < '2026-11-22Z' LIMIT 1)""",
    ),
    "payment amount": (
        "payment 2026-11-22",
        f"""UPDATE mirror_payment SET amount_minor = amount_minor + 1 {LATE}""",
    ),
    "payment an instant by a microsecond": (
        "payment 2026-11-22",
        f"""UPDATE mirror_payment SET updated_at = updated_at + interval '1 microsecond' {LATE}""",
    ),
    "payment version": (
        "payment 2026-11-22",
        f"""UPDATE mirror_payment SET version = 2 {LATE}""",
    ),
    "payment extra": (
        "payment 2026-11-22",
        f"""UPDATE mirror_payment SET extra = '{{}}' {LATE}""",
    ),
    "payment of another": (
        "payment 2026-11-22",
        f"""UPDATE mirror_payment SET customer_id = gen_random_uuid() {LATE}""",
    ),
    "payment missing": (
        "payment 2026-11-22",
        f"""DELETE FROM mirror_payment {LATE}""",
    ),
    "payment too many": (
        "payment 2026-10-01",
        """INSERT INTO mirror_payment (id, status, amount_minor, currency, undecided, version,
           extra, created_at)
           VALUES (gen_random_uuid(), 'pending', 0, 'RUB', false, 1, '{}', '2026-10-01Z')""",
    ),
    "balance altered": (
        "balance 2026-11-22",
        """UPDATE mirror_balance SET held_minor = 5""",
    ),
    "balance missing": (
        "balance 2026-11-22",
        """DELETE FROM mirror_balance WHERE id = (SELECT min(id) FROM mirror_balance)""",
    ),
    "balance too many": (
        "balance without a day",
        """INSERT INTO mirror_balance (id, currency, available_minor, held_minor, version, extra)
           VALUES ('x:RUB', 'RUB', 0, 0, 1, '{}')""",
    ),
    "journal altered": (
        "journal 2026-11-22",
        """UPDATE mirror_journal SET description = 'x'""",
    ),
    "journal missing": (
        "journal 2026-11-22",
        """WITH gone AS (DELETE FROM mirror_journalline) DELETE FROM mirror_journal""",
    ),
    "journal too many": (
        "journal 2026-11-20",
        """INSERT INTO mirror_journal (id, kind, at, version, extra)
           VALUES (gen_random_uuid(), 'payment', '2026-11-20Z', 1, '{}')""",
    ),
    "journalline altered": (
        "journal 2026-11-22",
        """UPDATE mirror_journalline SET account = 'x' WHERE line_no = 1""",
    ),
    "journalline missing": (
        "journal 2026-11-22",
        """DELETE FROM mirror_journalline WHERE line_no = 2""",
    ),
    "journalline too many": (
        "journal without a day",
        """INSERT INTO mirror_journalline (journal_id, line_no, account, amount_minor, currency)
           VALUES (gen_random_uuid(), 1, 'x', 5, 'RUB')""",
    ),
    "person altered": (
        "person 2026-11-20",
        """UPDATE mirror_person SET email = 'x' WHERE username = 'anna'""",
    ),
    "person missing": (
        "person 2026-11-20",
        """DELETE FROM mirror_person WHERE username = 'anna'""",
    ),
    "person too many": (
        "person without a day",
        """INSERT INTO mirror_person (id, username, email, roles, is_active, version, extra)
           VALUES (gen_random_uuid(), 'x', 'x', '{}', true, 1, '{}')""",
    ),
}


def test_each_table_is_tried_with_a_row_altered_missing_and_too_many():
    for case in ("altered", "missing", "too many"):
        assert {f"{table} {case}" for table in TABLES} <= set(WRONG)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_row_is_found_and_its_table_and_day_are_named(books, case):
    where, statement = WRONG[case]
    with connection.cursor() as sql:
        sql.execute(statement)
    [line] = differences()
    assert line.startswith(f"{where}: here ")
    call_command("sync_billing", resync=True, stdout=StringIO())
    call_command("sync", resync=True, feed=["auth"], stdout=StringIO())
    assert verify().startswith("equal")


def test_every_day_that_differs_has_its_line(books):
    with connection.cursor() as sql:
        sql.execute("UPDATE mirror_payment SET currency = 'USD'")
        sql.execute("DELETE FROM mirror_balance")
    lines = differences()
    assert [line.partition(":")[0] for line in lines] == [
        "payment 2026-11-21", "payment 2026-11-22", "balance 2026-11-22",
    ]  # fmt: skip
    assert lines[2].startswith("balance 2026-11-22: here nothing; there 2 rows, sum 2684.00, ")


def test_both_sides_stand_at_the_mirrors_position_however_far_the_feeds_have_gone(
    books, neighbour, payment_data, account_data, make_feed
):
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(books[0]))
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(books[0]))
    neighbour.publish("auth", "account", books[0], 2, account_data("anna2"))
    assert verify().startswith("equal at 711-12 and 701-2")
    follow_once(make_feed(1))
    assert verify().startswith("equal at 712-13 and 701-2")
    assert FeedCursor.objects.get(name="billing").position == "712-13"


def test_what_cannot_be_compared_is_no_difference(books, neighbour):
    neighbour.fail_next = 1
    with pytest.raises(CommandError, match="500") as refused:
        verify()
    assert refused.value.returncode == 2
