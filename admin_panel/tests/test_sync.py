"""The feeds become rows: exactly, once, newest version only, whatever happens on the way."""

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError
from django.db import connection

from panel.mirror.lag import feed_states
from panel.mirror.models import (
    Balance,
    FeedCursor,
    Journal,
    JournalLine,
    Payment,
    Person,
    RejectedChange,
)
from panel.site.clock import now
from panel.sync import apply, cursors
from panel.sync.follow import catch_up, follow_forever, follow_once
from panel.sync.token import ServiceToken
from panel.sync.worker import make_feeds


def test_everything_published_is_mirrored(
    neighbour, pull, payment_data, account_data, journal_data
):
    person, payment, journal = uuid4(), uuid4(), uuid4()
    neighbour.publish("auth", "account", person, 1, account_data("anna"))
    neighbour.publish(
        "billing", "payment", payment, 3, payment_data(person, status="succeeded", provider_id="p1")
    )
    neighbour.publish("billing", "journal", journal, 1, journal_data(payment, person))
    balance = {
        "customer_id": str(person),
        "currency": "RUB",
        "available": "1342.00",
        "held": "0.00",
    }
    neighbour.publish("billing", "balance", f"{person}:RUB", 1, balance)
    pull()
    row = Payment.objects.select_related("person").get()
    assert (row.amount_minor, row.status, row.provider_id) == (134_200, "succeeded", "p1")
    assert row.person.email == "anna@test.com"
    assert Balance.objects.get().available_minor == 134_200
    assert sorted(JournalLine.objects.values_list("amount_minor", flat=True)) == [-134_200, 134_200]
    assert Journal.objects.get().payment_id == payment
    assert FeedCursor.objects.get(name="billing").position == "702-3"


def test_an_older_version_never_replaces_a_newer_one(neighbour, pull, payment_data):
    person, payment = uuid4(), uuid4()
    neighbour.publish("billing", "payment", payment, 5, payment_data(person, status="succeeded"))
    pull()
    neighbour.publish("billing", "payment", payment, 4, payment_data(person, status="pending"))
    pull()
    assert Payment.objects.get().status == "succeeded"
    assert Payment.objects.get().version == 5


def test_the_highest_version_of_a_page_wins_whatever_the_order(neighbour, pull, payment_data):
    person, payment = uuid4(), uuid4()
    for version, status in ((2, "succeeded"), (1, "pending"), (3, "canceled"), (1, "pending")):
        neighbour.publish(
            "billing", "payment", payment, version, payment_data(person, status=status)
        )
    pull()
    assert Payment.objects.get().status == "canceled"


def test_a_page_given_twice_changes_nothing(make_feed, neighbour, pull, payment_data, journal_data):
    person, payment = uuid4(), uuid4()
    neighbour.publish("billing", "payment", payment, 1, payment_data(person))
    neighbour.publish("billing", "journal", uuid4(), 1, journal_data(payment, person))
    pull()
    before = list(JournalLine.objects.order_by("id").values())
    feed = make_feed(100)
    page = feed.fetch("", 0)
    with connection.cursor() as sql:
        sql.execute("UPDATE mirror_feedcursor SET position = ''")
    assert apply.apply_page("billing", "", page)
    assert list(JournalLine.objects.order_by("id").values()) == before
    assert Payment.objects.count() == 1


def test_small_pages_read_to_the_end(make_feed, neighbour, payment_data):
    person = uuid4()
    for _ in range(7):
        neighbour.publish("billing", "payment", uuid4(), 1, payment_data(person))
    catch_up(make_feed(2), threading.Event())
    assert Payment.objects.count() == 7
    assert FeedCursor.objects.get().caught_up


def test_a_crash_inside_a_page_leaves_rows_and_cursor_as_they_were(
    make_feed, neighbour, payment_data
):
    for _ in range(4):
        neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    feed = make_feed(2)
    follow_once(feed)
    page = feed.fetch("701-2", 0)
    broken = type(page)(page.items, "\x00", full=True)  # the cursor's own UPDATE fails
    with pytest.raises(ValueError, match="NUL"):
        apply.apply_page("billing", "701-2", broken)
    assert Payment.objects.count() == 2
    assert FeedCursor.objects.get().position == "701-2"
    catch_up(feed, threading.Event())
    assert Payment.objects.count() == 4


def test_two_workers_never_apply_one_page(make_feed, neighbour, payment_data):
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    feed = make_feed(10)
    position = cursors.read("billing")
    page = feed.fetch(position, 0)
    assert apply.apply_page("billing", position, page)
    assert not apply.apply_page("billing", position, page)
    assert FeedCursor.objects.get().changes == 1


def test_unknown_kinds_and_fields_are_tolerated(neighbour, pull, payment_data):
    neighbour.publish("billing", "subscription", uuid4(), 1, {"plan": "tomorrow's"})
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4(), receipt="r-1"))
    neighbour.publish("auth", "session", uuid4(), 1, {})
    pull()
    assert Payment.objects.get().extra == {"receipt": "r-1"}
    assert not RejectedChange.objects.exists()


@pytest.mark.parametrize(
    "changed", [{"value": "много"}, {"created_at": "вчера"}, {"description": "a\x00b"}]
)
def test_a_malformed_change_is_set_aside_and_the_rest_goes_on(
    neighbour, pull, payment_data, changed
):
    bad, good = uuid4(), uuid4()
    neighbour.publish("billing", "payment", bad, 1, payment_data(uuid4(), **changed))
    neighbour.publish("billing", "payment", good, 1, payment_data(uuid4()))
    pull()
    assert Payment.objects.get().pk == good
    assert RejectedChange.objects.get().object_id == str(bad)
    assert FeedCursor.objects.get(name="billing").position == "701-2"


def test_an_item_that_is_no_change_at_all_is_set_aside(neighbour, pull):
    neighbour.publish("billing", "payment", uuid4(), 1, {})
    neighbour.feeds["billing"][0]["data"] = "text"
    pull()
    assert RejectedChange.objects.count() == 1


def test_the_service_token_is_asked_for_once_and_again_when_refused(neighbour):
    feeds = make_feeds(["billing", "auth"])
    for feed in feeds:
        catch_up(feed, threading.Event())
    assert neighbour.tokens_issued == 1
    neighbour.service_token = "service-2"
    for feed in feeds:
        catch_up(feed, threading.Event())
    assert neighbour.tokens_issued == 2
    for feed in feeds:
        feed.close()


def test_a_token_is_forgotten_only_by_who_was_refused_with_it():
    token = ServiceToken("http://127.0.0.1:1", "a", "b")
    token._token, token._good_until = "old", time.monotonic() + 100
    assert token.get(None) == "old"  # type: ignore[arg-type]
    token.forget("another")
    assert token.get(None) == "old"  # type: ignore[arg-type]


def test_a_service_that_is_down_is_said_and_heals_by_itself(make_feed, neighbour, payment_data):
    neighbour.fail_next = 1
    stop, feed = threading.Event(), make_feed(10)
    thread = threading.Thread(target=follow_forever, args=(feed, stop), daemon=True)
    thread.start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not FeedCursor.objects.filter(last_error__contains="500"):
        time.sleep(0.02)
    assert FeedCursor.objects.get().failing_since is not None
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    while time.monotonic() < deadline and not Payment.objects.exists():
        time.sleep(0.02)
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    stop.set()
    thread.join(5)
    cursor = FeedCursor.objects.get()
    assert (cursor.last_error, cursor.failing_since) == ("", None)


def test_news_arrive_through_a_hanging_poll_at_once(make_feed, neighbour, payment_data):
    stop, feed = threading.Event(), make_feed(10)
    thread = threading.Thread(target=follow_forever, args=(feed, stop), daemon=True)
    thread.start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and len(neighbour.requests) < 2:
        time.sleep(0.02)
    assert _open_transactions() == 0  # none is held while the poll hangs
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    published = time.monotonic()
    while time.monotonic() < deadline and not Payment.objects.exists():
        time.sleep(0.01)
    assert time.monotonic() - published < 1
    stop.set()
    neighbour.publish("billing", "payment", uuid4(), 1, payment_data(uuid4()))
    thread.join(5)


def _open_transactions() -> int:
    with connection.cursor() as sql:
        sql.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%%'"
        )
        return int(sql.fetchone()[0])


def test_sync_once_says_when_a_feed_is_down(neighbour, pull):
    neighbour.fail_next = 5
    with pytest.raises(CommandError, match="500"):
        pull()


def test_lag_is_nothing_at_the_end_and_grows_while_the_feed_is_down(neighbour, pull, account_data):
    assert [state.stale for state in feed_states()] == [True, True]
    neighbour.publish("auth", "account", uuid4(), 1, account_data("anna"))
    pull()
    billing, auth = feed_states()
    assert (billing.lag_seconds, auth.lag_seconds) == (0.0, 0.0)
    assert not auth.stale
    assert auth.applied_lag_ms is not None
    cursors.failed("auth", "connection refused")
    with connection.cursor() as sql:
        long_ago = now() - timedelta(minutes=5)
        sql.execute("UPDATE mirror_feedcursor SET polled_at = %s", [long_ago])
    billing, auth = feed_states()
    assert auth.stale
    assert 290 < auth.lag_seconds < 330


def test_people_come_and_change(neighbour, pull, account_data):
    person = uuid4()
    neighbour.publish("auth", "account", person, 1, account_data("anna"))
    pull()
    neighbour.publish(
        "auth", "account", person, 2, account_data("anna2", roles=["customer", "support"])
    )
    pull()
    row = Person.objects.get()
    assert (row.username, row.roles) == ("anna2", ["customer", "support"])
