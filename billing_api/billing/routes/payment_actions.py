"""What can be done to a payment: capture what it holds, or cancel it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.flows.cancel_payment import CancelPayment, cancel_payment
from billing.flows.capture_payment import CapturePayment, capture_payment
from billing.payments.problems import (
    CaptureExceedsHeld,
    CaptureInProgress,
    CaptureRefused,
    PaymentFinal,
    PaymentNotFound,
    PaymentNotHeld,
)
from billing.platform.tokens import Caller
from billing.routes.amounts import PartBody, StrictBody
from billing.routes.answers import answered
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import READ_ALL, caller_with
from billing.routes.context import context_of
from billing.routes.documents import PaymentView
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/payment", tags=["payments"])
CAPTURE_ROUTE = "POST /api/v1/payment/{id}/capture"
CANCEL_ROUTE = "POST /api/v1/payment/{id}/cancel"


@router.post(
    "/{payment_id}/capture",
    summary="Списать удержанное · Capture held money",
    responses={
        200: {"model": PaymentView, "description": "Captured; the rest goes back to the payer"},
        202: {"model": PaymentView, "description": "The provider is undecided; ask again"},
        **refusals(
            *(*OF_TOKENS, *OF_BODIES, *OF_KEYS, PaymentNotFound, PaymentFinal, PaymentNotHeld),
            *(CaptureExceedsHeld, CaptureInProgress, CaptureRefused),
        ),
    },
    openapi_extra=describe_body(PartBody, {"value": "500.00"}, required=False),
)
async def post_capture(
    request: Request,
    payment_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:write"))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """The customer's own payment; staff who read all payments may capture anybody's."""
    context = context_of(request)
    terms = context.payments
    body = await read_model(request, PartBody, None, empty_is={})
    identity = read_id(payment_id, PaymentNotFound)
    command = CapturePayment(
        payment_id=identity,
        owner=None if READ_ALL in caller.scopes else caller.subject,
        amount=body.amount(terms.min_minor, terms.max_minor),
    )
    minor = None if command.amount is None else command.amount.minor
    meaning: dict[str, object] = {"payment_id": str(identity), "minor": minor}
    scope = key_scope(caller, CAPTURE_ROUTE, idempotency_key, meaning)
    captured = await capture_payment(
        context.database, context.gateway, context.clock, command, scope
    )
    return answered(captured.answer, replayed=captured.replayed)


class CancelBody(StrictBody):
    """Nothing to say yet: empty, or an empty object."""


@router.post(
    "/{payment_id}/cancel",
    summary="Отменить платёж · Cancel a payment",
    responses={
        200: {"model": PaymentView, "description": "Canceled, held money is given back"},
        202: {
            "model": PaymentView,
            "description": "Kept: not payable any more, and the provider ends it in its time",
        },
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, PaymentNotFound, PaymentFinal),
    },
    openapi_extra=describe_body(CancelBody, {}, required=False),
)
async def post_cancel(
    request: Request,
    payment_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:write"))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """The customer's own payment; staff who read all payments may cancel anybody's."""
    context = context_of(request)
    await read_model(request, CancelBody, None, empty_is={})
    identity = read_id(payment_id, PaymentNotFound)
    command = CancelPayment(
        payment_id=identity,
        owner=None if READ_ALL in caller.scopes else caller.subject,
        requested_by=caller.subject,
    )
    scope = key_scope(caller, CANCEL_ROUTE, idempotency_key, {"payment_id": str(identity)})
    canceled = await cancel_payment(
        context.database, context.gateway, context.clock, command, scope
    )
    return answered(canceled.answer, replayed=canceled.replayed)
