"""What the provider leaves open is a setting: here each reading that is not the default."""

import os
from datetime import datetime

import pytest

OTHER_SHOP = ("100501", "test_secret")
# Numbers and outcomes as the provider publishes them: Mastercard, Visa, Mir.
DECLINES = {
    "3d_secure_failed": ("5555555555554592", "4839665499603842", "2200000000000012"),
    "call_issuer": ("5555555555554535", "4926946416239025", "2200000000000020"),
    "card_expired": ("5555555555554543", "4141435412630840", "2200000000000038"),
    "general_decline": ("5555555555554527", "4889971706588753", "2202202212312379"),
    "insufficient_funds": ("5555555555554600", "4562265587712390", "2200000000000053"),
    "invalid_card_number": ("5555555555554618", "4951017853630544", "2201382000000013"),
    "invalid_csc": ("5555555555554626", "4194180666146368", "2200770212727079"),
    "issuer_unavailable": ("5555555555554501", "4654130848359150", "2201382000000021"),
    "payment_method_limit_exceeded": ("5555555555554576", "4565231022577548", "2201382000000039"),
    "payment_method_restricted": ("5555555555554550", "4233961169071671", "2201382000000047"),
    "country_forbidden": ("5555555555554584", "4969751510013864", "2201382000000054"),
    "fraud_suspected": ("5555555555554568", "4483274282299972", "2200000000000046"),
}
FRAUD_AT_YOOMONEY = ("5555555555554634", "4119098878796485", "2201696981989955")
WITHOUT_3DS = (
    *("5555555555554444", "4111111111111111", "2202474301322987", "6759649826438453"),
    *("4175001000000017", "370000000000002", "3528000700000000", "36700102000000"),
)
WITH_3DS = ("5555555555554477", "4793128161644804", "2200000000000004")


@pytest.fixture(scope="module")
def foreign(launch):
    """A payment of another shop, in the state file that `lenient` goes on with."""
    first = launch(SANDBOX_SHOP_ID=OTHER_SHOP[0])
    answer = first.client.post(
        "/v3/payments",
        json=first.body(capture=False),
        auth=OTHER_SHOP,
        headers={"Idempotence-Key": "of-two-shops"},
    )
    first.succeed(answer.json()["id"])
    first.stop()
    return answer.json()["id"], first.environment["SANDBOX_STATE_FILE"]


@pytest.fixture(scope="module")
def lenient(launch, foreign):
    return launch(
        SANDBOX_STATE_FILE=foreign[1],
        SANDBOX_REPLAY="original",
        SANDBOX_REFUSAL_USES_KEY="false",
        SANDBOX_STRICT_AMOUNTS="false",
        SANDBOX_CANCEL_ON_DECLINE="true",
        SANDBOX_NOTIFICATION_EVENTS="payment.succeeded,payment.canceled",
    )


def test_another_shop_s_payments_do_not_exist(lenient, foreign):
    payment, _ = foreign
    for method, path in (("GET", ""), ("POST", "/capture"), ("POST", "/cancel")):
        answer = lenient.call(method, f"/payments/{payment}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    items = lenient.call("GET", "/payments?limit=100").json()["items"]
    assert payment not in [item["id"] for item in items]


def test_another_shop_s_keys_are_its_own(lenient, foreign):
    assert lenient.create("of-two-shops")["id"] != foreign[0]


def test_a_repeat_may_show_what_was_answered_first(lenient):
    key = os.urandom(8).hex()
    first = lenient.create(key)
    lenient.succeed(first["id"])
    assert lenient.create(key) == first


def test_a_refusal_may_leave_its_key_unused(lenient):
    headers = {"Idempotence-Key": os.urandom(8).hex()}
    wrong = lenient.body(amount={"value": "0.10", "currency": "RUB"})
    assert lenient.call("POST", "/payments", json=wrong, headers=headers).status_code == 400
    right = lenient.call("POST", "/payments", json=lenient.body(), headers=headers)
    assert right.json()["status"] == "pending"


def test_a_number_may_be_an_amount(lenient):
    payment = lenient.create(amount={"value": 1342.5, "currency": "RUB"})
    assert payment["amount"]["value"] == "1342.50"


def test_a_shop_is_told_of_the_events_it_chose(lenient, receiver, until):
    payment = lenient.succeed(lenient.create(capture=False)["id"])["id"]
    lenient.call("POST", f"/payments/{payment}/capture")
    until(lambda: receiver.of(payment))
    assert [one["event"] for one in lenient.deliveries(payment)] == ["payment.succeeded"]


def _pay(sandbox, number):
    payment = sandbox.create()["id"]
    form = {"orderId": payment, "number": number, "expiry": "12/39", "cvc": "123"}
    sandbox.client.post("/checkout", data={**form, "action": "pay"})
    return payment, sandbox.get(payment)


@pytest.mark.parametrize("reason", [reason for reason in DECLINES if reason[0] != "3"])
def test_each_test_card_is_refused_for_its_reason(lenient, reason):
    party = "yoo_money" if reason == "country_forbidden" else "payment_network"
    for number in DECLINES[reason]:
        _, paid = _pay(lenient, number)
        assert paid["cancellation_details"] == {"party": party, "reason": reason}, number


def test_the_remaining_test_cards_do_what_the_provider_says(lenient):
    for number in FRAUD_AT_YOOMONEY:
        details = _pay(lenient, number)[1]["cancellation_details"]
        assert details == {"party": "yoo_money", "reason": "fraud_suspected"}
    for number in WITHOUT_3DS:
        paid = _pay(lenient, number)[1]
        assert paid["status"] == "succeeded"
        assert paid["authorization_details"]["three_d_secure"]["applied"] is False
    for number in (*WITH_3DS, *DECLINES["3d_secure_failed"]):
        payment, asked = _pay(lenient, number)
        assert asked["status"] == "pending"
        form = {"orderId": payment, "action": "confirm", "code": "123456"}
        lenient.client.post("/checkout", data=form)
        ended = lenient.get(payment)
        if number in WITH_3DS:
            assert ended["authorization_details"]["three_d_secure"]["applied"] is True
        else:
            assert ended["cancellation_details"]["reason"] == "3d_secure_failed"


def test_the_limits_themselves_are_accepted(sandbox):
    metadata = {f"{n:02}".ljust(32, "k"): "я" * 512 for n in range(16)}
    payment = sandbox.create(
        amount={"value": "350000.00", "currency": "RUB"},
        description="я" * 128,
        metadata=metadata,
        merchant_customer_id="x" * 200,
        confirmation={"type": "redirect", "return_url": "https://a.b/".ljust(2048, "x")},
    )
    assert payment["metadata"] == metadata
    assert sandbox.create(amount={"value": "1.00", "currency": "RUB"})["status"] == "pending"


@pytest.mark.parametrize("shift", ["+03:00", "-0930", "+00:00", "Z"])
def test_an_instant_is_an_instant_however_it_is_written(sandbox, shift):
    payment = sandbox.create()
    made = datetime.fromisoformat(payment["created_at"])
    zone = datetime.fromisoformat(f"2026-01-01T00:00:00{shift}").tzinfo
    written = made.astimezone(zone).isoformat().replace("+00:00", shift)
    listed = sandbox.call("GET", "/payments", params={"created_at.gte": written}).json()
    assert [item["id"] for item in listed["items"]] == [payment["id"]]


def test_lists_forget_after_three_years_and_the_object_stays(timed):
    payment = timed.create()["id"]
    timed.advance(3 * 365 * 86_400 - 60)
    listed = timed.call("GET", "/payments?limit=100").json()["items"]
    assert payment in [item["id"] for item in listed]
    timed.advance(120)
    listed = timed.call("GET", "/payments?limit=100").json()["items"]
    assert payment not in [item["id"] for item in listed]
    assert timed.get(payment)["status"] == "canceled"
