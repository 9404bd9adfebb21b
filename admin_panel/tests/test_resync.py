"""Building the mirror anew: what was wrong is right afterwards, and meanwhile nobody sees a gap."""

import threading
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from panel.mirror.models import FeedCursor, Journal, JournalLine, Payment, Person, RejectedChange
from panel.sync.follow import follow_forever
from panel.sync.rebuild import rebuild

MIRRORS = (Person, Payment, Journal, JournalLine, RejectedChange)


def everything() -> list[list[dict]]:
    return [list(model.objects.order_by("pk").values()) for model in MIRRORS]


def resync() -> str:
    output = StringIO()
    call_command("sync_billing", resync=True, stdout=output)
    return output.getvalue()


@pytest.fixture
def ids(neighbour, pull, payment_data, journal_data) -> dict[str, object]:
    """A payment told in two states, and its journal."""
    ids = {name: uuid4() for name in ("person", "payment", "journal")}
    for version, status in ((1, "pending"), (2, "succeeded")):
        data = payment_data(ids["person"], status=status)
        neighbour.publish("billing", "payment", ids["payment"], version, data)
    book = journal_data(ids["payment"], ids["person"])
    neighbour.publish("billing", "journal", ids["journal"], 1, book)
    pull()
    return ids


@pytest.mark.parametrize("command", [("sync_billing", {}), ("sync", {"feed": ["billing"]})])
def test_resync_heals_edited_rows_and_removes_invented_ones(ids, command):
    before = everything()
    with connection.cursor() as sql:
        sql.execute("UPDATE mirror_payment SET amount_minor = 1, version = 99")
        sql.execute("UPDATE mirror_journalline SET amount_minor = 7")
        sql.execute("DELETE FROM mirror_journal")
        sql.execute(
            "INSERT INTO mirror_journal (id, kind, version, extra)"
            " VALUES (gen_random_uuid(), 'invented', 5, '{}')"
        )
    name, options = command
    call_command(name, resync=True, stdout=StringIO(), **options)
    assert everything() == before


def test_resync_of_a_good_mirror_rewrites_no_row(ids):
    before, places = everything(), row_places()
    assert resync().startswith("built anew: 3 changes, at 702-3")
    assert resync().startswith("built anew: 3 changes, at 702-3")
    assert (everything(), row_places()) == (before, places)
    cursor = FeedCursor.objects.get(name="billing")
    assert (cursor.position, cursor.changes, cursor.caught_up) == ("702-3", 3, True)


def row_places() -> list[tuple]:
    """Where PostgreSQL keeps each row: another place is another write."""
    with connection.cursor() as sql:
        sql.execute(
            "SELECT ctid::text, xmin::text FROM mirror_payment"
            " UNION ALL SELECT ctid::text, xmin::text FROM mirror_journalline"
        )
        return sql.fetchall()


def test_pages_show_the_same_while_the_mirror_is_built_anew(superuser, ids, neighbour, make_feed):
    """Looked at between any two pages of the feed, from a connection of its own."""
    seen = []

    def look() -> None:
        rows = list(Payment.objects.values("status", "amount_minor")), JournalLine.objects.count()
        seen.append(rows)
        connection.close()

    neighbour.page_hook = look
    rebuild(make_feed(1))
    assert len(seen) >= 4
    assert all(rows == ([{"status": "succeeded", "amount_minor": 134_200}], 2) for rows in seen)


def test_a_resync_that_breaks_off_changes_nothing(ids, neighbour):
    with connection.cursor() as sql:
        sql.execute("UPDATE mirror_payment SET amount_minor = 1")
    before = everything()
    neighbour.fail_next = 1
    with pytest.raises(CommandError, match="500") as refused:
        resync()
    assert refused.value.returncode == 2
    assert everything() == before
    assert FeedCursor.objects.get(name="billing").position == "702-3"
    resync()
    assert Payment.objects.get().amount_minor == 134_200


def test_what_cannot_be_held_is_set_aside_again_and_what_was_forgiven_is_not(
    ids, neighbour, pull, payment_data
):
    bad = payment_data(uuid4(), value="many")
    neighbour.publish("billing", "payment", uuid4(), 1, bad)
    pull()
    with connection.cursor() as sql:
        sql.execute(
            "INSERT INTO mirror_rejectedchange (feed, position, kind, object_id, change, error,"
            " seen_at) VALUES ('billing', '1-1', 'payment', 'old', '{}', 'fixed since', now())"
        )
    resync()
    assert RejectedChange.objects.get().position == "703-4"


def test_resync_beside_a_running_worker_ends_with_everything_once(
    ids, neighbour, make_feed, payment_data
):
    stop = threading.Event()
    worker = threading.Thread(target=follow_forever, args=(make_feed(3), stop), daemon=True)
    writing = threading.Thread(
        target=lambda: [
            neighbour.publish("billing", "payment", uuid4(), 1, payment_data(ids["person"]))
            for _ in range(400)
        ]
    )
    worker.start()
    writing.start()
    for _ in range(5):
        rebuild(make_feed(7))
    writing.join()
    rebuild(make_feed(50))
    stop.set()
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(ids["person"]))
    worker.join(10)
    call_command("sync", feed=["billing"], stdout=StringIO())
    assert Payment.objects.count() == 402
    assert FeedCursor.objects.get(name="billing").position == "1103-404"
