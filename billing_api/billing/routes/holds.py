"""Holds on the balance over HTTP: set aside, charge, release, look up."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from billing.balance.problems import InsufficientFunds
from billing.flows.capture_hold import CaptureHold, capture_hold
from billing.flows.hold_balance import HoldBalance, hold_balance
from billing.flows.release_hold import ReleaseHold, release_hold
from billing.holds.problems import CaptureExceedsHold, HoldNotFound, HoldOver
from billing.holds.queries import get_hold, list_holds
from billing.holds.rules import describe
from billing.platform.clock import parse_instant
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.amounts import PartBody, StrictBody, read_amount
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
from billing.routes.debit_bodies import HoldBody
from billing.routes.debit_documents import HoldPage, HoldView
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.listing import ListQuery
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/balance_hold", tags=["holds"])
EXAMPLE: dict[str, object] = {"value": "500.00", "currency": "RUB", "reason": "Заказ 17"}


@router.post(
    "",
    summary="Удержать на балансе · Hold on the balance",
    status_code=201,
    responses={
        201: {"model": HoldView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, InsufficientFunds),
    },
    openapi_extra=describe_body(HoldBody, EXAMPLE),
)
async def post_hold(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:write", CHARGE_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """Nobody else can spend it until it is charged, released or expires."""
    context = context_of(request)
    body = await read_model(request, HoldBody, None)
    command = HoldBalance(
        customer_id=payer_of(caller, body.customer_id),
        amount=read_amount(body.value, body.currency, 1, context.payments.max_minor),
        reason=body.reason,
        metadata=body.metadata,
        requested_by=caller.subject,
        expires_at=None if body.expires_at is None else parse_instant(body.expires_at),
    )
    meaning: dict[str, Any] = {
        "customer_id": command.customer_id,
        "minor": command.amount.minor,
        "currency": command.amount.currency,
        "reason": command.reason,
        "metadata": dict(sorted(command.metadata.items())),
        "expires_at": None if command.expires_at is None else command.expires_at.isoformat(),
    }
    scope = key_scope(caller, "POST /api/v1/balance_hold", idempotency_key, meaning)
    done = await hold_balance(context.database, context.clock, command, scope)
    location = f"/api/v1/balance_hold/{done.object_id}"
    return answered(done.answer, replayed=done.replayed, location=location)


@router.get(
    "",
    summary="Удержания, новые сверху · Holds, newest first",
    responses={200: {"model": HoldPage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_holds(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:read", CHARGE_ANY))],
    query: Annotated[ListQuery, Depends()],
) -> Response:
    """The caller's own; programs and staff see everybody's, or one customer's."""
    wanted = query.seen_by(caller, CHARGE_ANY, READ_ALL)
    async with context_of(request).database.read() as session:
        page = await list_holds(session, wanted)
    return shown_page(page, describe)


@router.get(
    "/{hold_id}",
    summary="Одно удержание · One hold",
    responses={200: {"model": HoldView}, **refusals(*OF_TOKENS, HoldNotFound)},
)
async def get_one_hold(
    request: Request,
    hold_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:read", CHARGE_ANY))],
) -> Response:
    """One hold as it is now."""
    identity = read_id(hold_id, HoldNotFound)
    owner = owner_of(caller, CHARGE_ANY, READ_ALL)
    async with context_of(request).database.read() as session:
        hold = await get_hold(session, identity, owner)
    return shown(describe(hold))


@router.post(
    "/{hold_id}/capture",
    summary="Списать удержанное · Charge what is held",
    responses={
        200: {"model": HoldView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, HoldNotFound, HoldOver, CaptureExceedsHold),
    },
    openapi_extra=describe_body(PartBody, {}, required=False),
)
async def post_capture(
    request: Request,
    hold_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:write", CHARGE_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """All of it or a part; the rest goes back to the balance. It makes a charge."""
    context = context_of(request)
    body = await read_model(request, PartBody, None, empty_is={})
    identity = read_id(hold_id, HoldNotFound)
    amount = body.amount(1, context.payments.max_minor)
    command = CaptureHold(identity, owner_of(caller, CHARGE_ANY), amount, caller.subject)
    meaning: dict[str, Any] = {"hold_id": str(identity), "amount": str(amount)}
    scope = key_scope(caller, "POST /api/v1/balance_hold/{id}/capture", idempotency_key, meaning)
    done = await capture_hold(context.database, context.clock, command, scope)
    return answered(done.answer, replayed=done.replayed)


@router.post(
    "/{hold_id}/release",
    summary="Снять удержание · Release a hold",
    responses={
        200: {"model": HoldView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, HoldNotFound, HoldOver),
    },
    openapi_extra=describe_body(StrictBody, {}, required=False),
)
async def post_release(
    request: Request,
    hold_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:write", CHARGE_ANY, REFUND_ANY))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """Programs and staff release anybody's hold; a customer only one of their own making."""
    context = context_of(request)
    await read_model(request, StrictBody, None, empty_is={})
    identity = read_id(hold_id, HoldNotFound)
    command = ReleaseHold(identity, owner_of(caller, CHARGE_ANY, REFUND_ANY))
    meaning: dict[str, Any] = {"hold_id": str(identity)}
    scope = key_scope(caller, "POST /api/v1/balance_hold/{id}/release", idempotency_key, meaning)
    done = await release_hold(context.database, context.clock, command, scope)
    return answered(done.answer, replayed=done.replayed)
