"""What a customer orders in tests, in as few words as can be."""

from typing import Any

from billing.flows.create_payment import CreatePayment
from billing.platform.money import Money


def order(customer: str, minor: int = 5000, **more: Any) -> CreatePayment:
    """`more` says what a test is about."""
    plain: dict[str, Any] = {
        "description": None,
        "return_url": None,
        "default_return_url": "https://shop.test/pay/return/{id}",
        "request_id": "request-of-a-test",
    }
    return CreatePayment(customer_id=customer, amount=Money(minor, "RUB"), **plain | more)
