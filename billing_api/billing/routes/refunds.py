"""Refunds over HTTP: give money of a payment back, look up."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.balance.problems import InsufficientFunds
from billing.flows.refund_to_balance import RefundToBalance, refund_to_balance
from billing.flows.refund_to_card import RefundToCard, refund_to_card
from billing.payments.problems import PaymentNotFound
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.refunds.problems import (
    NothingSpent,
    PaymentNotRefundable,
    RefundExceedsPayment,
    RefundLeavesTooLittle,
    RefundNotFound,
)
from billing.refunds.queries import get_refund, list_refunds
from billing.refunds.rules import describe
from billing.routes.answers import answered, shown, shown_page
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import READ_ALL, REFUND_ANY, caller_with, owner_of
from billing.routes.context import context_of
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.listing import ListQuery
from billing.routes.refund_bodies import RefundBody, RefundPage, RefundView
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals
from billing.routes.rendering import request_id_of

router = APIRouter(prefix="/api/v1/refund", tags=["refunds"])
EXAMPLE: dict[str, object] = {
    "payment_id": "0198c0de-0000-7000-8000-000000000000",
    "value": "500.00",
    "currency": "RUB",
    "reason": "Передумал",
}


@router.post(
    "",
    summary="Вернуть платёж · Refund a payment",
    status_code=201,
    responses={
        201: {"model": RefundView},
        202: {"model": RefundView, "description": "The provider is undecided; ask again"},
        **refusals(
            *(*OF_TOKENS, *OF_BODIES, *OF_KEYS, InsufficientFunds, PaymentNotFound),
            *(PaymentNotRefundable, RefundExceedsPayment, RefundLeavesTooLittle, NothingSpent),
        ),
    },
    openapi_extra=describe_body(RefundBody, EXAMPLE),
)
async def post_refund(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:write", REFUND_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """To the card it is taken from the balance. To the balance comes back what was spent: staff
    give back any charge, customers only charges of their own making.
    """
    context = context_of(request)
    body = await read_model(request, RefundBody, None)
    amount = body.amount(body.min_minor, context.payments.max_minor)
    payment_id, owner = read_id(body.payment_id, PaymentNotFound), owner_of(caller, REFUND_ANY)
    meaning: dict[str, Any] = {
        "payment_id": str(payment_id),
        "minor": None if amount is None else amount.minor,
        "currency": body.currency,
        "reason": body.reason,
        "to": body.to,
    }
    scope = key_scope(caller, "POST /api/v1/refund", idempotency_key, meaning)
    if body.to == "balance":
        wish = RefundToBalance(payment_id, owner, amount, body.reason, caller.subject)
        done = await refund_to_balance(context.database, context.clock, wish, scope)
    else:
        command = RefundToCard(
            payment_id, owner, amount, body.reason, caller.subject, request_id_of(request)
        )
        done = await refund_to_card(
            context.database, context.gateway, context.clock, command, scope
        )
    location = f"/api/v1/refund/{done.object_id}"
    return answered(done.answer, replayed=done.replayed, location=location)


@router.get(
    "",
    summary="Возвраты, новые сверху · Refunds, newest first",
    responses={200: {"model": RefundPage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_refunds(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:read"))],
    query: Annotated[ListQuery, Depends()],
) -> Response:
    """The caller's own; staff see everybody's, or one customer's."""
    wanted = query.seen_by(caller, READ_ALL)
    async with context_of(request).database.read() as session:
        page = await list_refunds(session, wanted)
    return shown_page(page, describe)


@router.get(
    "/{refund_id}",
    summary="Один возврат · One refund",
    responses={200: {"model": RefundView}, **refusals(*OF_TOKENS, RefundNotFound)},
)
async def get_one_refund(
    request: Request,
    refund_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:read"))],
) -> Response:
    """One refund as it is now."""
    identity = read_id(refund_id, RefundNotFound)
    owner = owner_of(caller, READ_ALL)
    async with context_of(request).database.read() as session:
        refund = await get_refund(session, identity, owner)
    return shown(describe(refund))
