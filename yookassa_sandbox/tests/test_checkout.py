"""The checkout page by its forms, as a browser without scripts would use it."""

import re

import pytest

RETURN_URL = "http://shop.test/back?o=7&x=a%20b#part"


def _act(sandbox, payment_id, action, **fields):
    form = {
        "orderId": payment_id,
        "action": action,
        "number": "5555 5555 5555 4444",
        "expiry": "12/39",
        "cvc": "123",
        **fields,
    }
    return sandbox.client.post("/checkout", data=form, headers={"X-Forwarded-Prefix": "/sandbox"})


def _open(sandbox, payment_id, **query):
    return sandbox.client.get("/checkout", params={"orderId": payment_id, **query})


def test_the_page_shows_what_is_paid_and_brings_nothing_from_elsewhere(sandbox):
    payment = sandbox.create(description="<b>Оплата</b>")
    page = sandbox.client.get(
        "/checkout",
        params={"orderId": payment["id"]},
        headers={"X-Forwarded-Prefix": "/sandbox"},
    )
    assert page.status_code == 200
    assert "1\xa0342,00\xa0₽" in page.text
    assert "&lt;b&gt;Оплата&lt;/b&gt;" in page.text
    assert 'lang="ru"' in page.text
    assert "Оплатить" in page.text
    assert ">Pay<" in page.text
    assert "<script" not in page.text
    assert " style=" not in page.text
    links = re.findall(r'(?:href|src|action)="([^"]+)"', page.text)
    assert all(link.startswith(("/sandbox/", "http://shop.test/back")) for link in links)
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://shop.test" in policy
    assert sandbox.client.get("/static/checkout.css").status_code == 200


def test_english_is_one_link_away(sandbox):
    payment = sandbox.create()["id"]
    assert '<html lang="en">' in _open(sandbox, payment, lang="en").text
    locale = {"type": "redirect", "return_url": RETURN_URL, "locale": "en_US"}
    assert '<html lang="en">' in _open(sandbox, sandbox.create(confirmation=locale)["id"]).text


def test_paying_leads_back_by_the_very_address(sandbox):
    payment = sandbox.create()["id"]
    answer = _act(sandbox, payment, "pay")
    assert (answer.status_code, answer.headers["location"]) == (303, RETURN_URL)
    paid = sandbox.get(payment)
    assert paid["status"] == "succeeded"
    assert paid["payment_method"]["card"]["expiry_year"] == "2039"
    assert "Платёж прошёл" in _open(sandbox, payment).text


def test_a_double_press_pays_once(sandbox, receiver, until):
    payment = sandbox.create()["id"]
    answers = [_act(sandbox, payment, "pay").status_code for _ in range(3)]
    assert answers == [303, 303, 303]
    until(lambda: receiver.of(payment))
    assert len(sandbox.deliveries(payment)) == 1


def test_a_refused_card_may_be_followed_by_another(sandbox):
    payment = sandbox.create()["id"]
    answer = _act(sandbox, payment, "pay", number="5555555555554600")
    assert answer.headers["location"].startswith("/sandbox/checkout?orderId=")
    page = sandbox.client.get(answer.headers["location"].removeprefix("/sandbox"))
    assert "Не хватает денег" in page.text
    assert sandbox.get(payment)["status"] == "pending"
    assert sandbox.deliveries(payment) == []
    assert _act(sandbox, payment, "decline", reason="call_issuer").status_code == 303
    assert _act(sandbox, payment, "pay").headers["location"] == RETURN_URL


def test_a_shop_may_want_each_refusal_to_be_the_end(launch):
    sandbox = launch(SANDBOX_CANCEL_ON_DECLINE="true")
    payment = sandbox.create()["id"]
    answer = _act(sandbox, payment, "pay", number="5555555555554634")
    assert answer.headers["location"] == RETURN_URL
    details = sandbox.get(payment)["cancellation_details"]
    assert details == {"party": "yoo_money", "reason": "fraud_suspected"}
    again = _act(sandbox, payment, "pay")
    assert again.headers["location"].startswith("/sandbox/checkout?")


def test_a_payer_may_cancel_for_good(sandbox):
    payment = sandbox.create()["id"]
    answer = _act(sandbox, payment, "cancel", reason="insufficient_funds")
    assert answer.headers["location"] == RETURN_URL
    assert sandbox.get(payment)["cancellation_details"]["reason"] == "insufficient_funds"
    assert "insufficient_funds" in _open(sandbox, payment).text


@pytest.mark.parametrize(
    ("number", "action", "status", "location"),
    [
        ("5555555555554477", "confirm", "succeeded", RETURN_URL),
        ("5555555555554477", "fail", "pending", "/sandbox/checkout?"),
        ("5555555555554477", "abandon", "pending", "/sandbox/checkout?"),
        ("5555555555554592", "confirm", "pending", "/sandbox/checkout?"),
    ],
)
def test_some_cards_ask_the_bank_first(sandbox, number, action, status, location):
    payment = sandbox.create()["id"]
    step = _act(sandbox, payment, "pay", number=number)
    assert "step=3ds" in step.headers["location"]
    assert f"•••• {number[-4:]}" in _open(sandbox, payment, step="3ds").text
    assert sandbox.get(payment)["status"] == "pending"
    assert _act(sandbox, payment, action).headers["location"].startswith(location)
    now = sandbox.get(payment)
    assert now["status"] == status
    if status == "succeeded":
        assert now["authorization_details"]["three_d_secure"] == {"applied": True}


@pytest.mark.parametrize(
    "fields",
    [{"number": "1234"}, {"number": "4111111111111112"}, {"expiry": "01/20"}, {"cvc": "1"}],
)
def test_a_mistyped_card_is_shown_to_the_payer(sandbox, fields):
    payment = sandbox.create()["id"]
    answer = _act(sandbox, payment, "pay", **fields)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert sandbox.get(payment)["status"] == "pending"


def test_a_stranger_s_order_is_not_found(sandbox):
    for answer in (_open(sandbox, "x"), _act(sandbox, "x", "pay")):
        assert answer.status_code == 404
        assert "Платёж не найден" in answer.text


def test_an_expired_payment_cannot_be_paid(timed):
    payment = timed.create()["id"]
    timed.advance(3601)
    assert "Время на оплату вышло" in _open(timed, payment).text
    assert _act(timed, payment, "pay").headers["location"].startswith("/sandbox/checkout?")
    assert timed.get(payment)["status"] == "canceled"


def test_card_numbers_leave_no_trace(sandbox):
    payment = sandbox.create()["id"]
    _act(sandbox, payment, "pay", number="4793128161644804")
    _act(sandbox, payment, "confirm")
    kept = b"".join(path.read_bytes() for path in sandbox.folder.glob("state.sqlite*"))
    assert b"4793128161644804" not in kept + sandbox.log().encode()
    assert b"479312" in kept


def test_the_control_page_lists_payments_and_links_under_the_prefix(sandbox):
    payment = sandbox.create()["id"]
    page = sandbox.client.get("/", headers={"X-Forwarded-Prefix": "/sandbox"})
    assert f'href="/sandbox/checkout?orderId={payment}"' in page.text
    forged = sandbox.client.get("/", headers={"X-Forwarded-Prefix": '/"><script>'})
    assert "<script" not in forged.text
