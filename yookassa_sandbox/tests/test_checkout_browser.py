"""The checkout page in a real browser: its policy must let the payer go back."""

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def direct(launch):
    """Reached without nginx: the pages' address is the process's own."""
    return launch(SANDBOX_PAGE_URL="")


def test_a_payer_tries_twice_confirms_with_the_bank_and_returns_to_another_site(
    direct, receiver, chromium
):
    shop = receiver.url.replace("/notification/secret", "/back?o=7")
    confirmation = {"type": "redirect", "return_url": shop}
    payment = direct.create(confirmation=confirmation)
    complaints: list[str] = []
    context = chromium.new_context(ignore_https_errors=True, java_script_enabled=False)
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


def test_the_page_fits_a_phone(direct, chromium):
    payment = direct.create(description="Очень длинное назначение платежа " * 3)
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(payment["confirmation"]["confirmation_url"])
    page.get_by_text("Test cards").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
