"""The refunds of /v3."""

from typing import Any

from sandbox.api import ApiRoute, Call
from sandbox.lists import list_answer, parse_limit, refund_conditions
from sandbox.refund_creation import parse_refund


async def create_refund(call: Call) -> dict[str, Any]:
    """POST /refunds"""
    suite = call.suite

    def act() -> dict[str, Any]:
        order = parse_refund(call.body, suite.settings)
        payment = suite.payments.get(order.payment_id, call.shop_id)
        return suite.refunds.create(payment, order).document

    def show(refund_id: str) -> dict[str, Any]:
        return suite.refunds.get(refund_id, call.shop_id).document

    answer, new = call.once(act, show)
    if new and suite.faults.take_before_response(f"POST /refunds {answer['id']}"):
        if answer["status"] == "pending":
            # The bank is quicker than our answer, which still says what it would have said.
            suite.refunds.succeed(suite.refunds.get(answer["id"]))
        await suite.notifier.deliver_now(answer["id"])
    return answer


async def get_refund(call: Call) -> dict[str, Any]:
    """GET /refunds/{id}"""
    return call.suite.refunds.get(call.object_id, call.shop_id).document


async def list_refunds(call: Call) -> dict[str, Any]:
    """GET /refunds"""
    suite = call.suite
    suite.refunds.sweep()
    limit = parse_limit(call.query)
    conditions = refund_conditions(call.query, call.shop_id, suite.clock.now_ms())
    return list_answer(suite.refunds.store.page(conditions, limit + 1), limit)


ROUTES = [
    ApiRoute("POST", "/refunds", create_refund),
    ApiRoute("GET", "/refunds", list_refunds),
    ApiRoute("GET", "/refunds/{id}", get_refund),
]
