"""The checkout page in a real browser: its policy must let the payer go back."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def direct(launch):
    """Reached without nginx: the pages' address is the process's own."""
    return launch(SANDBOX_PAGE_URL="")


def test_a_payer_tries_twice_confirms_with_the_bank_and_returns_to_another_site(
    direct, receiver, browser
):
    shop = receiver.url.replace("/notification/secret", "/back?o=7")
    confirmation = {"type": "redirect", "return_url": shop}
    payment = direct.create(confirmation=confirmation)
    complaints: list[str] = []
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(payment["confirmation"]["confirmation_url"])
    page.get_by_label("Номер карты").fill("5555 5555 5555 4600")
    page.get_by_role("button", name="Оплатить").click()
    assert "Не хватает денег" in page.get_by_role("alert").inner_text()
    page.get_by_label("Номер карты").fill("5555 5555 5555 4477")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Confirm").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(shop)
    assert direct.get(payment["id"])["status"] == "succeeded"
    assert complaints == []
    context.close()


def test_the_page_fits_a_phone(direct, browser):
    payment = direct.create(description="Очень длинное назначение платежа " * 3)
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(payment["confirmation"]["confirmation_url"])
    page.get_by_text("Test cards").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
