"""The customer's pages: their policy, their words, and what a return link shows and does."""

import re
from html import unescape

import pytest

PAGES = ("/", "/pay/", "/pay/return/nothing", "/pay/elsewhere")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"
HOSTILE = '<script>alert(1)</script> & "кавычки" \'<img src=x onerror=alert(2)>'


@pytest.fixture
def anyone(api):
    with api.client() as client:
        yield client


@pytest.fixture
def make_payment(api, customer):
    def make(description="Оплата подписки"):
        with api.client(customer) as client:
            body = {"value": "1342.00", "currency": "RUB", "description": description}
            answer = client.post("/api/v1/payment", json=body)
            assert answer.status_code == 201, answer.text
            return answer.json()

    return make


def provider_id(payment):
    return payment["confirmation_url"].partition("orderId=")[2]


def status_shown(page):
    return re.search(r'data-testid="payment-status" data-status="(\w+)"', page)[1]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_allows_only_the_suites_own_files(anyone, path):
    answer = anyone.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r"<[^>]+\s(?:style|on\w+)=", page) == []
    assert re.findall(r'(?:src|href|action)="(?!/|#)', page) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_file_a_page_names_is_served_and_may_be_kept(anyone, path):
    named = set(re.findall(r'"(/pay/static/[^"]+)"', anyone.get(path).text))
    assert named
    for address in named:
        answer = anyone.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        again = anyone.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


def test_every_module_a_module_imports_is_served_beside_it(anyone):
    entry = re.search(r'src="(/pay/static/[^"]+/)pay\.js"', anyone.get("/pay/").text)[1]
    waiting, seen = {"pay.js", "return.js"}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        answer = anyone.get(entry + name)
        assert answer.status_code == 200, name
        assert answer.headers["content-type"].startswith("text/javascript")
        assert not re.search(r"innerHTML|outerHTML|document\.write|\beval\(", answer.text), name
        waiting |= set(re.findall(r'from "\./([\w.]+)"', answer.text)) - seen
    assert {"api.js", "topup.js", "session.js", "pauses.js"} <= seen


@pytest.mark.parametrize("name", ["nothing.js", "..%2Frendering.py", "%2e%2e/rendering.py"])
def test_only_the_pages_own_files_are_served(anyone, name):
    assert anyone.get(f"/pay/static/any/{name}").status_code == 404


def test_a_file_under_an_older_release_is_served_but_not_kept(anyone):
    answer = anyone.get("/pay/static/000000000000/style.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


def test_the_landing_page_leads_everywhere(anyone):
    page = anyone.get("/").text
    for address in ("/pay/", "/app/openapi", "/auth/docs/", "/admin_panel/", "/kibana/"):
        assert f'href="{address}"' in page
    assert 'href="/sandbox/"' in page
    assert "/api/v1/payment" in page


def test_the_payment_form_is_found_without_its_slash(anyone):
    answer = anyone.get("/pay")
    assert answer.status_code == 308
    assert answer.headers["location"] == "/pay/"


def test_labels_are_russian_words_alone(anyone):
    page = anyone.get("/pay/").text
    labels = re.findall(r"<label[^>]*>(.*?)</label>", page)
    expected = ["Имя пользователя", "Электронная почта", "Пароль", "Сумма, ₽", "Описание"]
    assert sorted(labels) == sorted(expected)


def test_the_form_knows_the_limits_of_a_payment(anyone):
    assert 'data-least="1.00" data-most="350000.00"' in anyone.get("/pay/").text


def test_pages_are_russian_until_english_is_chosen_and_stay_so(anyone):
    assert '<html lang="ru">' in anyone.get("/pay/").text
    assert '<html lang="en">' in anyone.get("/pay/?lang=en").text
    assert '<html lang="en">' in anyone.get("/").text
    assert '<html lang="ru">' in anyone.get("/?lang=ru").text


def test_an_unknown_language_is_russian(anyone):
    answer = anyone.get("/", params={"lang": '"><script>'})
    assert '<html lang="ru">' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_head_without_a_body(anyone, path):
    answer = anyone.head(path)
    assert answer.status_code == anyone.get(path).status_code
    assert answer.content == b""


@pytest.mark.parametrize("written", [UNKNOWN_ID, "nothing", "1", "%00", "a" * 500, "..%2F..%2Fetc"])
def test_a_return_link_that_leads_nowhere_is_a_friendly_page(anyone, written):
    answer = anyone.get(f"/pay/return/{written}")
    assert answer.status_code == 404
    assert "Страница не найдена" in answer.text
    assert 'href="/pay/"' in answer.text


@pytest.mark.parametrize("written", [UNKNOWN_ID, "nothing"])
def test_the_state_behind_such_a_link_is_a_problem(anyone, written):
    answer = anyone.get(f"/pay/return/{written}/state")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_return_page_shows_state_amount_and_description_and_nothing_else(
    anyone, make_payment, customer
):
    payment = make_payment()
    answer = anyone.get(f"/pay/return/{payment['id']}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert status_shown(answer.text) == "pending"
    assert "1\u00a0342,00\u00a0₽" in answer.text
    assert "Оплата подписки" in answer.text
    assert customer not in answer.text
    assert provider_id(payment) not in answer.text


def test_a_description_is_shown_as_text_whatever_it_holds(anyone, make_payment):
    page = anyone.get(f"/pay/return/{make_payment(HOSTILE)['id']}").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    shown = re.search(r'data-testid="payment-description">(.*?)</dd>', page)[1]
    assert unescape(shown) == HOSTILE


def test_without_scripts_the_page_refreshes_itself_until_the_payment_is_final(
    api, anyone, make_payment, eventually
):
    payment = make_payment()
    path = f"/pay/return/{payment['id']}"
    refresh = f'<noscript><meta http-equiv="refresh" content="5;url={path}?check=1"></noscript>'
    assert refresh in anyone.get(path).text
    api.sandbox.cancel(provider_id(payment))
    eventually(lambda: status_shown(anyone.get(path, params={"check": "1"}).text) == "canceled")
    assert "http-equiv" not in anyone.get(path).text


def test_asking_finds_what_a_lost_notification_would_have_said_and_credits_once(
    api, anyone, make_payment, customer, eventually
):
    payment = make_payment()
    state = f"/pay/return/{payment['id']}/state"
    assert anyone.get(state).json() == {"status": "pending", "final": False}
    api.sandbox.fault("webhook_lost")
    api.sandbox.succeed(provider_id(payment))
    # Sooner than the worker's own calendar would look.
    eventually(lambda: anyone.get(state).json() == {"status": "succeeded", "final": True}, 6)
    assert anyone.get(state).headers["cache-control"] == "no-store"
    journals = api.sql("SELECT count(*) FROM journals WHERE payment_id = %s", payment["id"])
    assert journals == [(1,)]
    with api.client(customer) as client:
        assert client.get("/api/v1/balance").json()["items"][0]["available"] == "1342.00"
