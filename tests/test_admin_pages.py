"""Every page of the admin in a real browser: fits a phone, speaks Russian, complains of nothing."""

import re
import secrets
from contextlib import closing

import psycopg2
import pytest

pytestmark = pytest.mark.browser
ADMIN = "/admin_panel/admin"
PHONE = {"width": 375, "height": 740}
LISTS = (
    "mirror/payment", "mirror/balance", "mirror/journal", "mirror/journalline", "mirror/person",
    "mirror/feedcursor", "mirror/rejectedchange", "staff/staffaccount",
)  # fmt: skip
# English that stays English on a Russian page: addresses, ids, the provider's own terms. What
# people are called is asked of the mirror itself.
NAMES = re.compile(
    r"https?:\S+|\S+@\S+|[0-9a-f]{8}…[0-9a-f]{4}|[0-9a-f-]{8,}|ЮKassa|YooKassa",
    re.IGNORECASE,
)
TERMS = {
    "esc", "rub", "payments", "admin", "staff", "auth", "billing",
    "succeeded", "pending", "english",
}  # fmt: skip
SMALL_PRINT = ".panel-beside, .material-symbols-outlined, [lang=en], script, style, option"


@pytest.fixture(scope="module")
def somebody(suite, new_customer, eventually):
    """A customer with a paid payment that the mirror holds."""
    customer = new_customer()
    payment = customer.created()
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded")
    return customer, payment["id"]


@pytest.fixture
def open_page(suite, chromium):
    """`open_page("ru-RU")`: a phone's page, signed in; `.complaints` are collected."""
    contexts = []

    def make(locale, *, sign_in=True):
        context = chromium.new_context(
            base_url=suite.env["BASE_URL"], ignore_https_errors=True, locale=locale, viewport=PHONE
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.complaints = []
        page.on("console", lambda one: one.type == "error" and page.complaints.append(one.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"{ADMIN}/login/")
        if sign_in:
            page.locator("input[name=username]").fill(suite.env["STAFF_USERNAME"])
            page.locator("input[name=password]").fill(suite.env["STAFF_PASSWORD"])
            page.locator("#login-form button[type=submit]").click()
            page.wait_for_url(f"**{ADMIN}/")
        return page

    yield make
    for context in contexts:
        context.close()


def _pages(page, customer, payment_id):
    """The first page, every list, an object of each, a search without a result."""
    found = [f"{ADMIN}/", f"{ADMIN}/mirror/payment/?q=nobody-{secrets.token_hex(3)}"]
    found += [f"{ADMIN}/{name}/" for name in LISTS]
    found.append(f"{ADMIN}/mirror/payment/{payment_id}/change/")
    found.append(f"{ADMIN}/mirror/person/{customer.account['id']}/change/")
    for name in ("mirror/balance", "mirror/journal", "mirror/journalline", "mirror/feedcursor"):
        page.goto(f"{ADMIN}/{name}/")
        link = page.locator(f'#result_list a[href*="/{name}/"]').first
        found.append(link.get_attribute("href").partition("?")[0])
    return found


@pytest.fixture
def called(suite):
    """The names of everybody the mirror knows, in lower case: a title begins with a capital."""
    with closing(psycopg2.connect(suite.env["ADMIN_DATABASE_URL"])) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT username FROM mirror_person")
        return {name.lower() for (name,) in cursor.fetchall()}


def _english(page, called=frozenset()):
    """Latin words a reader sees, without small print, people's names and terms."""
    text = page.evaluate(
        """(hidden) => { const copy = document.body.cloneNode(true);
        copy.querySelectorAll(hidden).forEach(one => one.remove());
        return copy.textContent; }""",
        SMALL_PRINT,
    )
    words = {
        word for word in re.findall(r"[\w-]+", NAMES.sub(" ", text)) if word.lower() not in called
    }
    parts = {part for word in words for part in re.findall(r"[A-Za-z]{3,}", word)}
    return {part for part in parts if part.lower() not in TERMS}


def _overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def _small_targets(page):
    """Buttons and fields of less than 24 px either way (WCAG 2.2, 2.5.8); links in text apart."""
    return page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([type=hidden]), select')]
        .map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
        .filter(([, box]) => box.width && box.height && Math.min(box.width, box.height) < 24)
        .map(([html]) => html)"""
    )


def test_every_page_fits_a_phone_speaks_russian_and_complains_of_nothing(
    open_page, somebody, called
):
    page = open_page("ru-RU")
    wrong = {}
    for address in _pages(page, *somebody):
        assert page.goto(address).status == 200, address
        page.wait_for_load_state("networkidle")
        found = (_overflow(page) > 0, _small_targets(page), _english(page, called))
        if any(found):
            wrong[address] = found
        assert page.evaluate("document.documentElement.lang") == "ru"
    assert wrong == {}
    assert page.complaints == []


def test_the_control_an_english_page_has_english_and_a_wide_one_overflows(open_page):
    page = open_page("en-US")
    assert {"Overview", "Last"} & _english(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=width:900px>x</p>')")
    assert _overflow(page) > 0
    page.evaluate("document.body.insertAdjacentHTML('beforeend', 'Payment received some_words')")
    assert {"Payment", "received", "some", "words"} <= _english(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://x.test/a>')")
    page.wait_for_timeout(300)
    assert any("Content Security Policy" in one for one in page.complaints)


@pytest.mark.parametrize(
    ("locale", "word"), [("ru-RU", "Обзор"), ("en-GB", "Overview"), ("de-DE", "Обзор")]
)
def test_the_browser_chooses_the_language_and_russian_is_the_default(open_page, locale, word):
    assert word in open_page(locale).locator("body").inner_text()


def test_the_switch_changes_the_language_and_is_remembered(suite, open_page):
    page = open_page("ru-RU")
    page.set_viewport_size({"width": 1280, "height": 860})
    page.get_by_text(suite.env["STAFF_USERNAME"], exact=True).last.click()
    page.get_by_role("button", name=re.compile("English")).click()
    page.wait_for_load_state("networkidle")
    assert "Overview" in page.locator("body").inner_text()
    page.goto(f"{ADMIN}/mirror/payment/")
    assert "Payments" in page.title()
    kept = {one["name"] for one in page.context.cookies()}
    assert "panel_language" in kept


def test_the_sign_in_page_speaks_both_languages_before_anybody_has_signed_in(open_page):
    page = open_page("ru-RU", sign_in=False)
    for word, other in (("Войти", "English"), ("Log in", "Русский")):
        page.wait_for_load_state("networkidle")
        assert page.get_by_role("button", name=word).is_visible()
        assert (_overflow(page) <= 0, _small_targets(page)) == (True, [])
        if other == "English":
            assert _english(page) == set()
        page.get_by_role("button", name=other).click()
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("button", name="Войти").is_visible()
    assert page.complaints == []


def test_an_error_page_fits_a_phone_and_is_russian(open_page):
    page = open_page("ru-RU")
    for address, status in ((f"{ADMIN}/no/such/", 404), (f"{ADMIN}/mirror/payment/add/", 403)):
        assert page.goto(address).status == status
        assert _overflow(page) <= 0
        assert page.get_by_role("heading").count() == 1
    assert not [one for one in page.complaints if "Content Security Policy" in one]
