"""The official SDK, unmodified, cannot tell the sandbox from the real thing."""

import os
from collections.abc import Iterator

import pytest
from yookassa import Configuration, Payment, Settings
from yookassa.domain.exceptions import (
    BadRequestError,
    ForbiddenError,
    InternalServerError,
    NotFoundError,
    ResponseProcessingError,
    TooManyRequestsError,
    UnauthorizedError,
)
from yookassa.domain.notification import WebhookNotificationFactory


@pytest.fixture(autouse=True)
def _configured(sandbox) -> Iterator[None]:
    def configure(secret: str) -> None:
        Configuration.configure(
            "100500",
            secret,
            api_url=f"https://127.0.0.1:{sandbox.port}/v3",
            verify=str(sandbox.ca_file),
            timeout=10,
        )

    configure("test_secret")
    yield
    configure("test_secret")


def _body(**changes):
    return {
        "amount": {"value": "499.00", "currency": "RUB"},
        "capture": True,
        "confirmation": {"type": "redirect", "return_url": "https://shop.test/back"},
        "description": "Pro, 1 month",
        "metadata": {"payment_uid": "7"},
        **changes,
    }


def test_a_payment_is_created_found_listed_and_paid(sandbox):
    created = Payment.create(_body(), os.urandom(8).hex())
    assert created.status == "pending"
    assert created.amount.value == 499
    assert created.test
    assert not created.paid
    assert created.metadata["payment_uid"] == "7"
    assert created.recipient.account_id == "100500"
    assert len(created.id) == 36
    assert f"orderId={created.id}" in created.confirmation.confirmation_url

    sandbox.succeed(created.id)
    found = Payment.find_one(created.id)
    assert found.status == "succeeded"
    assert found.paid
    assert found.refundable
    assert found.confirmation is None
    assert str(found.income_amount.value) == "481.53"
    assert str(found.refunded_amount.value) in ("0", "0.00", "0.0")
    assert found.payment_method.type == "bank_card"
    assert found.payment_method.card.last4 == "4444"
    assert found.authorization_details.three_d_secure.applied is False

    listed = Payment.list({"limit": 1, "status": "succeeded"})
    assert listed.items[0].id == created.id


def test_held_money_is_captured_in_part_or_given_back(sandbox):
    kept, returned = (
        sandbox.succeed(Payment.create(_body(capture=False), os.urandom(8).hex()).id)
        for _ in range(2)
    )
    assert kept["status"] == returned["status"] == "waiting_for_capture"
    part = {"amount": {"value": "100.00", "currency": "RUB"}}
    captured = Payment.capture(kept["id"], part, os.urandom(8).hex())
    assert (captured.status, captured.amount.value) == ("succeeded", 100)
    canceled = Payment.cancel(returned["id"], os.urandom(8).hex())
    assert canceled.status == "canceled"
    assert canceled.cancellation_details.reason == "canceled_by_merchant"
    assert canceled.cancellation_details.party == "merchant"


def test_the_shop_describes_itself():
    assert Settings.get_account_settings().account_id == "100500"


def test_errors_are_the_sdk_s_own(sandbox):
    with pytest.raises(NotFoundError):
        Payment.find_one("2f0a41b7-000f-5000-8000-1c2d3e4f5a6b")
    with pytest.raises(BadRequestError) as refusal:
        Payment.create(_body(amount={"value": "0.50", "currency": "RUB"}), os.urandom(8).hex())
    assert refusal.value.content["parameter"] == "amount.value"
    assert refusal.value.content["code"] == "invalid_request"
    expected = {
        "auth_401": UnauthorizedError,
        "forbidden_403": ForbiddenError,
        "rate_429": TooManyRequestsError,
        "error_500_before": InternalServerError,
    }
    for mode, error in expected.items():
        sandbox.arm(mode)
        with pytest.raises(error):
            Payment.create(_body(), os.urandom(8).hex())
    Configuration.configure("100500", "wrong", api_url=Configuration.api_endpoint())
    Configuration.verify = str(sandbox.ca_file)
    with pytest.raises(UnauthorizedError):
        Payment.list()


def test_processing_is_known_to_the_sdk(sandbox):
    sandbox.arm("processing_202", method="GET", path="/v3/payments/*")
    payment = Payment.create(_body(), os.urandom(8).hex())
    with pytest.raises(ResponseProcessingError):
        Payment.find_one(payment.id)
    assert Payment.find_one(payment.id).id == payment.id


def test_the_sdk_reads_our_notification(sandbox, receiver, until):
    payment = Payment.create(_body(), os.urandom(8).hex())
    sandbox.succeed(payment.id)
    body = until(lambda: receiver.of(payment.id))[0]
    notification = WebhookNotificationFactory().create(body)
    assert notification.event == "payment.succeeded"
    assert notification.object.id == payment.id
