"""Balances corrected by hand, over HTTP: for finance and admins, with a reason and a limit."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import field_validator, model_validator
from starlette.responses import Response

from billing.adjustments.problems import AdjustmentAboveLimit, AdjustmentNotFound
from billing.adjustments.queries import get_adjustment, list_adjustments
from billing.adjustments.rules import AdjustmentKind, describe
from billing.flows.adjust_balance import AdjustBalance, adjust_balance
from billing.platform.clock import parse_instant
from billing.platform.money import Money
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.amounts import MoneyBody, read_amount
from billing.routes.answers import answered, shown, shown_page
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import ADJUST, READ_ALL, caller_with
from billing.routes.context import AdjustmentTerms, context_of
from billing.routes.debit_bodies import (
    CustomerId,
    Instant,
    Reason,
    check_instant,
    said,
)
from billing.routes.debit_documents import AdjustmentPage, AdjustmentView
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.listing import ListQuery
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, refusals

router = APIRouter(prefix="/api/v1/balance_adjustment", tags=["adjustments"])
OF_ADMINS = "roles:write"
EXAMPLE: dict[str, object] = {
    "customer_id": "0192f3a4-5b6c-7d8e-9f00-112233445566",
    "value": "300.00",
    "currency": "RUB",
    "kind": "promo",
    "reason": "Извинение за задержку",
}


class AdjustmentBody(MoneyBody):
    """`expires_at` is for promotional money; left out, it does not end."""

    customer_id: CustomerId
    kind: Literal["paid", "promo"]
    reason: Reason
    expires_at: Instant | None = None

    _instant = field_validator("expires_at")(check_instant)
    _said = field_validator("reason")(said)

    @model_validator(mode="after")
    def _ends(self) -> "AdjustmentBody":
        if self.kind == "paid" and self.expires_at is not None:
            raise ValueError("paid money does not expire")
        return self


@router.post(
    "",
    summary="Начислить на баланс вручную · Credit a balance by hand",
    status_code=201,
    responses={
        201: {"model": AdjustmentView},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS, AdjustmentAboveLimit),
    },
    openapi_extra=describe_body(AdjustmentBody, EXAMPLE),
)
async def post_adjustment(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with(ADJUST))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """Only upwards: money is taken off a balance by a charge, which has its own reason."""
    context = context_of(request)
    body = await read_model(request, AdjustmentBody, None)
    terms = context.adjustments
    amount = read_amount(body.value, body.currency, 1, context.payments.max_minor)
    _check_limit(caller, amount, terms)
    command = AdjustBalance(
        customer_id=body.customer_id,
        kind=AdjustmentKind(body.kind),
        amount=amount,
        reason=body.reason,
        expires_at=None if body.expires_at is None else parse_instant(body.expires_at),
        made_by=caller.subject,
    )
    meaning: dict[str, Any] = {
        "customer_id": command.customer_id,
        "kind": command.kind.value,
        "minor": amount.minor,
        "currency": amount.currency,
        "reason": command.reason,
        "expires_at": None if command.expires_at is None else command.expires_at.isoformat(),
    }
    scope = key_scope(caller, "POST /api/v1/balance_adjustment", idempotency_key, meaning)
    done = await adjust_balance(context.database, context.clock, command, scope)
    location = f"/api/v1/balance_adjustment/{done.object_id}"
    return answered(done.answer, replayed=done.replayed, location=location)


def _check_limit(caller: Caller, amount: Money, terms: AdjustmentTerms) -> None:
    is_admin = OF_ADMINS in caller.scopes
    limit = terms.admin_max_minor if is_admin else terms.finance_max_minor
    if amount.minor > limit:
        raise AdjustmentAboveLimit(f"at most {Money(limit, amount.currency)} at once")


@router.get(
    "",
    summary="Ручные начисления, новые сверху · Adjustments, newest first",
    responses={200: {"model": AdjustmentPage}, **refusals(*OF_TOKENS, ValidationFailed)},
)
async def get_adjustments(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with(READ_ALL))],
    query: Annotated[ListQuery, Depends()],
) -> Response:
    """Everybody's, or one customer's."""
    wanted = query.seen_by(caller, READ_ALL)
    async with context_of(request).database.read() as session:
        page = await list_adjustments(session, wanted)
    return shown_page(page, describe)


@router.get(
    "/{adjustment_id}",
    summary="Одно начисление · One adjustment",
    responses={200: {"model": AdjustmentView}, **refusals(*OF_TOKENS, AdjustmentNotFound)},
)
async def get_one_adjustment(
    request: Request,
    adjustment_id: str,
    _: Annotated[Caller, Depends(caller_with(READ_ALL))],
) -> Response:
    """One adjustment."""
    identity = read_id(adjustment_id, AdjustmentNotFound)
    async with context_of(request).database.read() as session:
        adjustment = await get_adjustment(session, identity)
    return shown(describe(adjustment))
