"""What staff see: the first page, lists, search, filters, money and time as people write them."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from panel.mirror.models import Payment
from panel.site.clock import business_now
from panel.site.display import moment, money, span
from panel.sync import cursors

PAYMENTS = "/admin_panel/admin/mirror/payment/"
PROVIDER = "2d9f8b3c-000f-5000-8000-1b68e7b15f3f"


def text_of(response: Any) -> str:
    assert response.status_code == 200, response
    return response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def shop(neighbour, pull, payment_data, account_data, journal_data) -> dict[str, UUID]:
    """Anna has paid today; Boris waits since the day before yesterday; a stranger has no name."""
    ids = {
        name: uuid4() for name in ("anna", "boris", "stranger", "paid", "waiting", "lost", "book")
    }
    now = business_now().isoformat().replace("+00:00", "Z")
    for name in ("anna", "boris"):
        neighbour.publish("auth", "account", ids[name], 1, account_data(name))
    paid = payment_data(
        ids["anna"], status="succeeded", created_at=now, paid_at=now, provider_id=PROVIDER
    )
    neighbour.publish("billing", "payment", ids["paid"], 2, paid)
    waiting = payment_data(ids["boris"], created_at="2026-11-20T20:15:00Z", value="99.50")
    neighbour.publish("billing", "payment", ids["waiting"], 1, waiting)
    lost = payment_data(
        ids["stranger"], created_at="2026-11-19T20:15:00Z", value="5.00", undecided=True
    )
    neighbour.publish("billing", "payment", ids["lost"], 1, lost)
    neighbour.publish("billing", "journal", ids["book"], 1, journal_data(ids["paid"], ids["anna"]))
    balance = {"customer_id": str(ids["anna"]), "currency": "RUB",
               "available": "1342.00", "held": "10.00", "updated_at": now}  # fmt: skip
    neighbour.publish("billing", "balance", f"{ids['anna']}:RUB", 1, balance)
    pull()
    return ids


def found(client: Any, ids: dict[str, UUID], query: str) -> set[str]:
    page = text_of(client.get(f"{PAYMENTS}?{query}"))
    return {name for name in ("paid", "waiting", "lost") if f"payment/{ids[name]}/change/" in page}


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("{paid}", {"paid"}),
        (PROVIDER, {"paid"}),
        (PROVIDER[:13], {"paid"}),
        ("{anna}", {"paid"}),
        ("anna", {"paid"}),
        ("AnN", {"paid"}),
        ("boris@test.com", {"waiting"}),
        ("@test.com", {"paid", "waiting"}),
        ("{stranger}", {"lost"}),
        ("nobody", set()),
        ("%", set()),
        ("'; --", set()),
    ],
)
def test_a_payment_is_found_by_what_a_customer_says(superuser, shop, term, expected):
    assert found(superuser, shop, f"q={term.format(**shop)}") == expected


def test_a_payment_is_found_by_the_beginning_of_its_id(superuser, shop):
    assert "waiting" in found(superuser, shop, f"q={str(shop['waiting'])[:13]}")


def test_payments_are_filtered_by_status_day_and_mark(superuser, shop):
    assert found(superuser, shop, "") == {"paid", "waiting", "lost"}
    assert found(superuser, shop, "status__exact=succeeded") == {"paid"}
    assert found(superuser, shop, "day=today") == {"paid"}
    assert found(superuser, shop, "created_at_from=2026-11-20&created_at_to=2026-11-20") == {
        "waiting"
    }
    assert found(superuser, shop, "created_at_to=20.11.2026") == {"waiting", "lost"}
    assert found(superuser, shop, "mark=undecided") == {"lost"}
    assert found(superuser, shop, "mark=nobody") == {"lost"}
    assert found(superuser, shop, "status__exact=pending&q=boris") == {"waiting"}


def test_a_payment_page_tells_the_whole_story(superuser, shop):
    page = text_of(superuser.get(f"{PAYMENTS}{shop['paid']}/change/"))
    for part in (
        "1 342,00 ₽",
        "anna",
        "anna@test.com",
        PROVIDER,
        "Оплачен",
        "provider",
        "+1 342,00 ₽",
        "-1 342,00 ₽",
        str(shop["paid"]),
        f"/person/{shop['anna']}/",
    ):
        assert part in page, part  # fmt: skip


def test_a_person_page_shows_balance_and_payments(superuser, shop):
    page = text_of(superuser.get(f"/admin_panel/admin/mirror/person/{shop['anna']}/change/"))
    assert "1 342,00 ₽" in page
    assert "10,00 ₽" in page
    assert f"/payment/{shop['paid']}/change/" in page


def test_a_journal_page_shows_its_lines_and_its_payment(superuser, shop):
    page = text_of(superuser.get(f"/admin_panel/admin/mirror/journal/{shop['book']}/change/"))
    assert "+1 342,00 ₽" in page
    assert f"/payment/{shop['paid']}/change/" in page
    lines = text_of(superuser.get("/admin_panel/admin/mirror/journalline/?q=anna"))
    assert f"/payment/{shop['paid']}/change/" in lines


def test_a_journal_is_told_in_the_readers_language_and_its_stored_text_is_a_detail(
    superuser, shop, neighbour, pull, journal_data
):
    book = uuid4()
    journal = journal_data(shop["paid"], shop["anna"]) | {
        "kind": "late_payment", "description": "Payment received after it was given up",
    }  # fmt: skip
    neighbour.publish("billing", "journal", book, 1, journal)
    pull()
    whole = "/admin_panel/admin/mirror/journal/"
    for language, word in (("ru", "Опоздавшее пополнение"), ("en", "Late top-up")):
        asked = {"Accept-Language": language}
        listed = text_of(superuser.get(whole, headers=asked))
        assert word in listed
        assert "Payment received" not in listed
        detail = text_of(superuser.get(f"{whole}{book}/change/", headers=asked))
        assert word in detail
        assert 'lang="en">Payment received after it was given up<' in detail


def test_roles_are_told_in_the_readers_language_and_an_unknown_one_as_it_is(
    superuser, neighbour, pull, account_data
):
    roles = ["customer", "admin", "captain"]
    neighbour.publish("auth", "account", uuid4(), 1, account_data("vera", roles=roles))
    pull()
    page = "/admin_panel/admin/mirror/person/"
    assert "Клиент, Администратор, captain" in text_of(superuser.get(page))
    english = text_of(superuser.get(page, headers={"Accept-Language": "en"}))
    assert "Customer, Administrator, captain" in english


@pytest.mark.parametrize("model", ["balance", "journal", "journalline", "person"])
def test_the_other_lists_are_searched_by_person_and_id(superuser, shop, model):
    for term in ("anna", str(shop["anna"])):
        page = text_of(superuser.get(f"/admin_panel/admin/mirror/{model}/?q={term}"))
        assert 'class="data-row' in page or "/change/" in page
    page = text_of(superuser.get(f"/admin_panel/admin/mirror/{model}/?q=boris"))
    assert ("/change/" in page) == (model == "person")


def test_the_first_page_shows_today_and_the_feeds(superuser, shop):
    page = text_of(superuser.get("/admin_panel/admin/"))
    for part in ("1 342,00 ₽", "1 платёж", "Отставание", "Последняя позиция", "704-5", "701-2",
                 "anna", "актуальна", "Succeeded"):  # fmt: skip
        assert part in page, part
    cursors.failed("auth", "connection refused")
    assert "connection refused" in text_of(superuser.get("/admin_panel/admin/"))


@pytest.mark.parametrize(
    "behind",
    [
        "polled_at = now() - interval '61 s'",  # nobody has asked
        # Asked, and not read to the end: the newest change that was applied is old.
        "caught_up = false, newest_at = now() - interval '61 s'",
    ],
)
def test_a_feed_that_lags_is_said_to_lag_and_the_other_is_not(superuser, shop, behind):
    english = {"Accept-Language": "en"}
    address = "/admin_panel/admin/"
    assert "отстаёт" not in text_of(superuser.get(address))
    with connection.cursor() as sql:
        sql.execute(f"UPDATE mirror_feedcursor SET {behind} WHERE name = 'billing'")
    page = text_of(superuser.get(address))
    assert (page.count("отстаёт"), page.count("актуальна")) == (1, 1)
    assert page.index("отстаёт") < page.index("актуальна"), "billing is told first"
    assert "1 мин" in page
    assert re.search(r"</span>stale\s*<", text_of(superuser.get(address, headers=english)))


def test_the_first_page_is_english_for_an_english_browser(superuser, shop):
    page = text_of(superuser.get("/admin_panel/admin/", headers={"Accept-Language": "en"}))
    assert "Last position" in page
    assert "Оплачено" in page  # Russian beside it


def test_support_sees_payments_but_not_staff(as_role, shop):
    support = as_role("support")
    assert support.get(PAYMENTS).status_code == 200
    assert support.get("/admin_panel/admin/staff/staffaccount/").status_code == 403
    assert as_role("admin").get("/admin_panel/admin/staff/staffaccount/").status_code == 200


def test_a_list_costs_the_same_number_of_queries_however_long(
    superuser, neighbour, pull, payment_data, account_data, shop, django_queries
):
    few = django_queries(lambda: superuser.get(PAYMENTS))
    for number in range(20):
        person = uuid4()
        neighbour.publish("auth", "account", person, 1, account_data(f"user{number}"))
        neighbour.publish("billing", "payment", uuid4(), 1, payment_data(person))
    pull()
    assert Payment.objects.count() == 23
    assert django_queries(lambda: superuser.get(PAYMENTS)) == few


def test_money_and_time_are_written_for_people():
    assert money(134_200, "RUB").replace("\u00a0", " ") == "1 342,00 ₽"
    assert money(-5, "RUB").replace("\u00a0", " ") == "-0,05 ₽"
    at = datetime(2026, 11, 22, 20, 15, 7, tzinfo=UTC)
    with translation.override("ru"):
        assert moment(at).replace("\u00a0", " ") == "22 ноя 2026, 23:15"
        assert (span(0.44), span(75), span(7_300)) == ("0,4 с", "1 мин", "2 ч")
    assert moment(None) == "—"


def test_doors_lead_where_they_should(browser):
    answer = browser.get("/admin_panel/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin_panel/admin/")
    answer = browser.get("/admin_panel/admin/")
    assert answer["Location"].startswith("/admin_panel/admin/login/")
    assert reverse("admin:mirror_payment_changelist") == PAYMENTS


def test_answers_carry_the_request_id_and_the_policy(browser):
    answer = browser.get("/admin_panel/admin/login/", headers={"X-Request-ID": "abcdef0123456789"})
    assert answer["X-Request-ID"] == "abcdef0123456789"
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "X-Frame-Options" not in answer
    assert "X-Content-Type-Options" not in answer
    forged = browser.get("/health/live", headers={"X-Request-ID": "a b\n"})
    assert forged["X-Request-ID"] != "a b\n"


def test_health_says_alive_and_ready_with_the_lag(browser, shop):
    assert browser.get("/health/live").json() == {"status": "ok"}
    ready = browser.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["feeds"]["billing"]["position"] == "704-5"


def test_accounts_are_filtered_by_the_words_the_list_shows(shop, pull, superuser):
    pull()
    page = "/admin_panel/admin/mirror/journalline/"
    everything = text_of(superuser.get(page, headers={"Accept-Language": "ru"}))
    assert "Деньги клиента" in everything
    assert ">customer_paid<" not in everything
    chosen = text_of(superuser.get(f"{page}?account_kind=customer_paid"))
    others = text_of(superuser.get(f"{page}?account_kind=revenue"))
    assert "panel-plus" in chosen
    assert "panel-money" not in others
