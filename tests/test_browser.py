"""A person pays on /pay/ and the checkout page, staff find the payment, developers try the API.

SCREENSHOTS=folder keeps pictures of the pages on the way (docs/images was made so).
"""

import os
import re
import secrets
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
ADMIN = "/admin_panel/admin"


class Watched:
    """A page whose complaints are kept: console errors, refused content, failed requests."""

    def __init__(self, page):
        self.page = page
        self.complaints = []
        page.on("console", lambda message: message.type == "error" and self.note(message.text))
        page.on("pageerror", lambda error: self.note(str(error)))
        page.on("requestfailed", lambda request: self.note(f"{request.url} {request.failure}"))

    def note(self, text):
        # A page left while its own question was on the way: the browser calls that a failure.
        if "net::ERR_ABORTED" not in text:
            self.complaints.append(text)


@pytest.fixture
def watched(suite, chromium):
    context = chromium.new_context(
        base_url=suite.env["BASE_URL"],
        ignore_https_errors=True,
        locale="ru-RU",
        viewport={"width": 1280, "height": 860},
    )
    context.set_default_timeout(20_000)
    seen = Watched(context.new_page())
    yield seen
    context.close()
    assert seen.complaints == []


def _picture(page, name, *, whole=False):
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=whole)


def _plain(text):
    return re.sub(r"\s", " ", text)


def _register(page, name):
    page.goto("/pay/#register")
    page.get_by_label("Имя пользователя").fill(name)
    page.get_by_label("Электронная почта").fill(f"{name}@test.com")
    page.get_by_label("Пароль").fill("newpassword1")
    page.get_by_role("button", name="Зарегистрироваться").click()
    page.get_by_test_id("balance-available").wait_for()


def _await_balance(page, value):
    page.locator(f'[data-testid=balance-available][data-value="{value}"]').wait_for()


def _top_up(page, amount):
    page.get_by_label("Сумма, ₽").fill(amount)
    page.get_by_label("Описание").fill("Оплата подписки")
    page.get_by_role("button", name="Пополнить").click()
    page.wait_for_url("**/sandbox/checkout?orderId=*")


def _pay_by_card(page, number):
    page.locator("#number").fill(number)
    page.locator("#expiry").fill("12/30")
    page.locator("#cvc").fill("123")
    page.locator("button[name=action][value=pay]").click()


def _sign_in(page, suite):
    page.goto(f"{ADMIN}/login/")
    page.locator("input[name=username]").fill(suite.env["STAFF_USERNAME"])
    page.locator("input[name=password]").fill(suite.env["STAFF_PASSWORD"])
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url(f"**{ADMIN}/")


def test_a_person_pays_and_staff_find_the_payment(suite, watched, chromium):
    page = watched.page
    name = f"anna_{secrets.token_hex(3)}"
    _register(page, name)
    _await_balance(page, "0.00")
    _top_up(page, "1 342,00")
    assert "1 342,00" in _plain(page.locator("main, body").first.inner_text())
    _picture(page, "checkout")
    _pay_by_card(page, "5555 5555 5555 4444")
    page.wait_for_url("**/pay/return/*")
    payment_id = page.url.rpartition("/")[2].partition("?")[0]
    page.locator("[data-testid=payment-status][data-status=succeeded]").wait_for()
    page.goto("/pay/")
    _await_balance(page, "1342.00")
    page.get_by_test_id("payment-row").first.wait_for()
    _picture(page, "pay")

    _sign_in(page, suite)
    page.goto(f"{ADMIN}/mirror/payment/?q={name}")
    page.get_by_role("link", name=re.compile(payment_id[:8])).first.wait_for()
    page.goto(f"{ADMIN}/")
    page.wait_for_load_state("networkidle")
    _picture(page, "admin-home")
    page.goto(f"{ADMIN}/mirror/payment/{payment_id}/change/")
    assert "1 342,00" in _plain(page.locator("body").inner_text())
    page.wait_for_load_state("networkidle")
    _picture(page, "admin-payment", whole=True)


def test_a_refused_card_may_be_followed_by_a_good_one_on_the_same_payment(watched):
    page = watched.page
    _register(page, f"boris_{secrets.token_hex(3)}")
    _top_up(page, "99,90")
    _pay_by_card(page, "5555 5555 5555 4600")
    page.get_by_role("alert").wait_for()
    _pay_by_card(page, "2202 4743 0132 2987")
    page.wait_for_url("**/pay/return/*")
    page.locator("[data-testid=payment-status][data-status=succeeded]").wait_for()


def test_a_payment_given_up_is_shown_as_canceled(watched):
    page = watched.page
    _register(page, f"vera_{secrets.token_hex(3)}")
    _top_up(page, "10")
    page.locator("button[name=action][value=cancel]").click()
    page.wait_for_url("**/pay/return/*")
    page.locator("[data-testid=payment-status][data-status=canceled]").wait_for()


def test_leaving_the_checkout_leads_back_without_paying(watched):
    page = watched.page
    _register(page, f"gleb_{secrets.token_hex(3)}")
    _top_up(page, "10")
    page.get_by_role("link", name=re.compile("без оплаты")).click()
    page.wait_for_url("**/pay/return/*")
    assert page.get_by_test_id("payment-status").get_attribute("data-status") == "pending"


def test_the_auth_page_authorizes_and_executes(suite, watched, customer):
    page = watched.page
    page.goto("/auth/docs/")
    page.wait_for_load_state("networkidle")
    if page.locator("#swagger-ui, .swagger-ui").count() == 0:
        page.get_by_role("link", name=re.compile("swagger", re.IGNORECASE)).first.click()
    page.locator(".opblock").first.wait_for()
    _picture(page, "api-auth")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").first.fill(customer.token)
    page.locator(".auth-btn-wrapper button.authorize").first.click()
    page.locator(".auth-btn-wrapper button.btn-done").first.click()
    me = page.locator(".opblock", has_text="/api/v1/me").first
    me.locator(".opblock-summary-control").click()
    me.get_by_role("button", name="Try it out").click()
    me.get_by_role("button", name="Execute").click()
    me.locator(".live-responses-table .response-col_status", has_text="200").first.wait_for()
    assert customer.name in me.locator(".live-responses-table").inner_text()


def test_the_billing_page_authorizes_and_executes(suite, watched, customer):
    page = watched.page
    page.goto("/app/openapi")
    page.locator(".opblock").first.wait_for()
    _picture(page, "api-billing")
    page.get_by_role("button", name="Authorize").first.click()
    page.locator(".auth-container input").first.fill(customer.token)
    page.locator(".auth-btn-wrapper button.authorize").first.click()
    page.locator(".auth-btn-wrapper button.btn-done").first.click()
    balance = page.locator(".opblock", has_text="/api/v1/balance").first
    balance.locator(".opblock-summary-control").click()
    balance.get_by_role("button", name="Try it out").click()
    balance.get_by_role("button", name="Execute").click()
    balance.locator(".live-responses-table .response-col_status", has_text="200").first.wait_for()
    assert '"0.00"' in balance.locator(".live-responses-table").inner_text()


@pytest.mark.parametrize("path", ["/", "/pay/", "/kibana/", "/sandbox/", f"{ADMIN}/login/"])
def test_a_page_loads_without_a_complaint_and_fits_a_phone(watched, path):
    page = watched.page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("h1").count() >= 1
