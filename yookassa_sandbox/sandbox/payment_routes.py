"""The payments of /v3, and /me."""

from collections.abc import Callable
from typing import Any

from sandbox.api import ApiRoute, Call
from sandbox.creation import parse_creation
from sandbox.lists import list_answer, parse_limit, payment_conditions
from sandbox.money import parse_amount


async def create_payment(call: Call) -> dict[str, Any]:
    """POST /payments"""
    payments = call.suite.payments

    def act() -> dict[str, Any]:
        creation = parse_creation(call.body, call.suite.settings)
        return payments.create(call.shop_id, creation).document

    answer, new = _once(call, act)
    if new and call.suite.faults.take_before_response(f"POST /payments {answer['id']}"):
        # The payer is quicker than our answer, which still says what it would have said.
        payments.pay(payments.get(answer["id"]))
        await call.suite.notifier.deliver_now(answer["id"])
    return answer


async def get_payment(call: Call) -> dict[str, Any]:
    """GET /payments/{id}"""
    return _show(call, call.object_id)


async def list_payments(call: Call) -> dict[str, Any]:
    """GET /payments"""
    suite = call.suite
    suite.payments.sweep()
    suite.refunds.sweep()
    limit = parse_limit(call.query)
    conditions = payment_conditions(call.query, call.shop_id, suite.clock.now_ms())
    return list_answer(suite.payments.store.page(conditions, limit + 1), limit)


async def capture_payment(call: Call) -> dict[str, Any]:
    """POST /payments/{id}/capture: an empty body takes everything."""
    suite = call.suite

    def act() -> dict[str, Any]:
        payment = suite.payments.get(call.object_id, call.shop_id)
        amount = None
        if call.body.get("amount") is not None:
            amount = parse_amount(
                call.body["amount"],
                currency=suite.settings.currency,
                parameter="amount",
                strict=suite.settings.strict_amounts,
            )
        return suite.payments.capture(payment, amount).document

    return await _change(call, act)


async def cancel_payment(call: Call) -> dict[str, Any]:
    """POST /payments/{id}/cancel: only money on hold."""
    payments = call.suite.payments

    def act() -> dict[str, Any]:
        return payments.cancel_hold(payments.get(call.object_id, call.shop_id)).document

    return await _change(call, act)


async def get_me(call: Call) -> dict[str, Any]:
    """GET /me"""
    return {
        "account_id": call.shop_id,
        "status": "enabled",
        "test": True,
        "fiscalization": {"enabled": False},
        "payment_methods": ["bank_card", "yoo_money"],
    }


async def _change(call: Call, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    answer, new = _once(call, act)
    if new and call.suite.faults.take_before_response(f"POST {call.path}"):
        await call.suite.notifier.deliver_now(answer["id"])
    return answer


def _once(call: Call, act: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    return call.once(act, lambda payment_id: _show(call, payment_id))


def _show(call: Call, payment_id: str) -> dict[str, Any]:
    """As it is now, with what refunds have taken by now."""
    call.suite.refunds.sweep()
    return call.suite.payments.get(payment_id, call.shop_id).document


ROUTES = [
    ApiRoute("POST", "/payments", create_payment),
    ApiRoute("GET", "/payments", list_payments),
    ApiRoute("GET", "/payments/{id}", get_payment),
    ApiRoute("POST", "/payments/{id}/capture", capture_payment),
    ApiRoute("POST", "/payments/{id}/cancel", cancel_payment),
    ApiRoute("GET", "/me", get_me),
]
