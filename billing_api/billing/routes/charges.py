"""Charges over HTTP: take from the balance, give back, look up."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.balance.problems import InsufficientFunds
from billing.charges.problems import ChargeNotFound, ReversalExceedsCharge
from billing.charges.queries import get_charge, list_charges
from billing.charges.rules import describe
from billing.flows.charge_balance import ChargeBalance, charge_balance
from billing.flows.reverse_charge import ReverseCharge, reverse_charge
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.amounts import PartBody, read_amount
from billing.routes.answers import answered, shown, shown_page
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import (
    CHARGE_ANY,
    READ_ALL,
    REFUND_ANY,
    caller_with,
    owner_of,
    payer_of,
)
from billing.routes.context import context_of
from billing.routes.debit_bodies import ChargeBody
from billing.routes.debit_documents import ChargePage, ChargeView
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.listing import ListQuery
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/charge", tags=["charges"])
EXAMPLE: dict[str, object] = {"value": "199.00", "currency": "RUB", "reason": "Доступ на день"}


@router.post(
    "",
    summary="Списать с баланса · Charge the balance",
    status_code=201,
    responses={
        201: {"model": ChargeView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, InsufficientFunds),
    },
    openapi_extra=describe_body(ChargeBody, EXAMPLE),
)
async def post_charge(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:write", CHARGE_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """All of it or, with `allow_partial`, what there is; `value` says what was taken."""
    context = context_of(request)
    body = await read_model(request, ChargeBody, None)
    command = ChargeBalance(
        customer_id=payer_of(caller, body.customer_id),
        amount=read_amount(body.value, body.currency, 1, context.payments.max_minor),
        reason=body.reason,
        metadata=body.metadata,
        requested_by=caller.subject,
        allow_partial=body.allow_partial,
    )
    meaning: dict[str, Any] = {
        "customer_id": command.customer_id,
        "minor": command.amount.minor,
        "currency": command.amount.currency,
        "reason": command.reason,
        "metadata": dict(sorted(command.metadata.items())),
        "allow_partial": command.allow_partial,
    }
    scope = key_scope(caller, "POST /api/v1/charge", idempotency_key, meaning)
    done = await charge_balance(context.database, context.clock, command, scope)
    location = f"/api/v1/charge/{done.object_id}"
    return answered(done.answer, replayed=done.replayed, location=location)


@router.get(
    "",
    summary="Списания, новые сверху · Charges, newest first",
    responses={200: {"model": ChargePage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_charges(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:read", CHARGE_ANY))],
    query: Annotated[ListQuery, Depends()],
) -> Response:
    """The caller's own; programs and staff see everybody's, or one customer's."""
    wanted = query.seen_by(caller, CHARGE_ANY, READ_ALL)
    async with context_of(request).database.read() as session:
        page = await list_charges(session, wanted)
    return shown_page(page, describe)


@router.get(
    "/{charge_id}",
    summary="Одно списание · One charge",
    responses={200: {"model": ChargeView}, **refusals(*OF_TOKENS, ChargeNotFound)},
)
async def get_one_charge(
    request: Request,
    charge_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:read", CHARGE_ANY))],
) -> Response:
    """One charge as it is now."""
    identity = read_id(charge_id, ChargeNotFound)
    owner = owner_of(caller, CHARGE_ANY, READ_ALL)
    async with context_of(request).database.read() as session:
        charge = await get_charge(session, identity, owner)
    return shown(describe(charge))


@router.post(
    "/{charge_id}/reverse",
    summary="Вернуть списанное на баланс · Reverse a charge",
    status_code=201,
    responses={
        201: {"model": ChargeView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, ChargeNotFound, ReversalExceedsCharge),
    },
    openapi_extra=describe_body(PartBody, {}, required=False),
)
async def post_reverse(
    request: Request,
    charge_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:write", CHARGE_ANY, REFUND_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """Programs and staff reverse anybody's charge; a customer only one of their own making."""
    context = context_of(request)
    body = await read_model(request, PartBody, None, empty_is={})
    identity = read_id(charge_id, ChargeNotFound)
    owner = owner_of(caller, CHARGE_ANY, REFUND_ANY)
    amount = body.amount(1, context.payments.max_minor)
    command = ReverseCharge(identity, owner, amount, caller.subject)
    meaning: dict[str, Any] = {"charge_id": str(identity), "amount": str(amount)}
    scope = key_scope(caller, "POST /api/v1/charge/{id}/reverse", idempotency_key, meaning)
    done = await reverse_charge(context.database, context.clock, command, scope)
    return answered(done.answer, replayed=done.replayed)
