"""The customer's page: balance, timeline, payments, journal lines; and the words of error pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.template.loader import render_to_string

from panel.dashboard.views import _counted
from panel.mirror.timeline import LENGTH, timeline

ADMIN = "/admin_panel/admin/"
HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}{% debug %}",
    "' onmouseover='alert(1)", "javascript:alert(1)", "</td></table><h1>big</h1>",
    "\u202egnp.exe", "<svg/onload=alert(1)>", "&lt;b&gt;", "]]><!--",
]  # fmt: skip
ALIVE = (
    "<script>alert", "<img src=x", "<svg/onload", "<h1>big", "' onmouseover='",
    'href="javascript:', "]]><!--",
)  # fmt: skip
"""What a page holds when a text of HOSTILE was not escaped."""


def at(minute: int) -> str:
    moment = datetime(2026, 11, 22, 10, tzinfo=UTC) + timedelta(minutes=minute)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return response.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


@pytest.fixture
def anna(neighbour, pull, payment_data, account_data, journal_data):
    """Somebody with a paid, a canceled and an unwanted payment, and a stranger beside her."""
    anna, paid, canceled, unwanted = (uuid4() for _ in range(4))
    neighbour.publish("auth", "account", anna, 1, account_data("anna"))
    for pk, start, changed in (
        (paid, 0, {"status": "succeeded", "paid_at": at(1), "updated_at": at(1)}),
        (canceled, 2, {"status": "canceled", "canceled_at": at(3), "updated_at": at(3),
                       "cancellation_reason": "general_decline"}),
        (unwanted, 4, {"cancel_requested_at": at(5), "updated_at": at(5)}),
    ):  # fmt: skip
        data = payment_data(anna, created_at=at(start), **changed)
        neighbour.publish("billing", "payment", pk, 1, data)
    book = {**journal_data(paid, anna), "at": at(1)}
    neighbour.publish("billing", "journal", uuid4(), 1, book)
    stranger = payment_data(uuid4(), created_at=at(6), updated_at=at(6), description="чужой")
    neighbour.publish("billing", "payment", uuid4(), 1, stranger)
    pull()
    return anna


def test_the_timeline_tells_everything_newest_first_and_nothing_of_others(superuser, anna):
    page = text_of(superuser.get(f"{ADMIN}mirror/person/{anna}/change/"))
    for title in ("Баланс", "Хронология", "Последние платежи", "Строки проводок"):
        assert title in page
    assert "чужой" not in page
    start = page.index("Хронология")
    told = [
        "Отмену просили", "Платёж отменён", "Платёж оплачен", "Регистрация",
    ]  # fmt: skip
    places = [page.index(word, start) for word in told]
    assert places == sorted(places)
    assert "отказ без причины" in page
    assert "Проводка: Пополнение" in page
    assert "+1 342,00 ₽" in page
    assert f"q={anna}" in page


def test_the_timeline_is_in_english_for_an_english_browser(superuser, anna):
    english = {"Accept-Language": "en"}
    page = text_of(superuser.get(f"{ADMIN}mirror/person/{anna}/change/", headers=english))
    for word in ("Timeline", "Cancel asked", "Payment canceled", "Journal: Top-up"):
        assert word in page
    assert "Хронология" not in page


def test_a_long_history_costs_the_same_and_leaves_no_gap(
    superuser, anna, neighbour, pull, payment_data, django_queries
):
    address = f"{ADMIN}mirror/person/{anna}/change/"
    superuser.get(address)  # what a process asks once, it has asked
    few = django_queries(lambda: superuser.get(address))
    for minute in range(100, 200):
        data = payment_data(anna, created_at=at(minute), updated_at=at(minute))
        neighbour.publish("billing", "payment", uuid4(), 1, data)
    pull()
    events = timeline(anna)
    assert [f"{event.at:%Y-%m-%dT%H:%M:%S}.000Z" for event in events] == [
        at(minute) for minute in range(199, 199 - LENGTH, -1)
    ]
    assert django_queries(lambda: superuser.get(address)) == few


def test_what_people_wrote_is_text_on_every_page(
    superuser, neighbour, pull, payment_data, account_data, journal_data
):
    for text in HOSTILE:
        person, payment, book = uuid4(), uuid4(), uuid4()
        neighbour.publish("auth", "account", person, 1, account_data(text))
        data = payment_data(
            person, description=text, cancellation_reason=text, provider_id=text,
            quarantine_reason=text, return_url=text, confirmation_url=text,
            status="canceled", canceled_at=at(1), updated_at=at(1),
        )  # fmt: skip
        neighbour.publish("billing", "payment", payment, 1, data)
        journal = {**journal_data(payment, person), "description": text, "kind": text}
        neighbour.publish("billing", "journal", book, 1, journal)
        pull()
        for page in (
            "", "mirror/payment/", "mirror/person/", "mirror/journal/", "mirror/journalline/",
            f"mirror/payment/{payment}/change/", f"mirror/person/{person}/change/",
            f"mirror/journal/{book}/change/",
        ):  # fmt: skip
            shown = superuser.get(f"{ADMIN}{page}").content.decode()
            for alive in ALIVE:
                assert alive not in shown, (page, text)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("mirror/payment/add/", 403, ("Сюда нельзя", "Forbidden")),
        ("no/such/page/", 404, ("Такой страницы нет", "Not found")),
    ],
)
def test_an_error_page_is_russian_with_english_beside(superuser, path, status, words):
    answer = superuser.get(f"{ADMIN}{path}")
    assert answer.status_code == status
    for word in words:
        assert word in answer.content.decode()


def test_the_page_of_our_own_error_needs_nothing_but_itself():
    page = render_to_string("500.html")
    assert "У нас ошибка" in page
    assert "Internal error" in page


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 платежей"), (1, "1 платёж"), (2, "2 платежа"), (5, "5 платежей"), (11, "11 платежей"),
     (21, "21 платёж"), (22, "22 платежа"), (112, "112 платежей")],
)  # fmt: skip
def test_payments_are_counted_as_people_count(count, words):
    assert _counted(count) == words
