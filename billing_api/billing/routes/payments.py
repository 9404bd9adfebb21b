"""Payments: create, list, look."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Query, Request
from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
)
from starlette.responses import Response

from billing.flows.create_payment import CreatePayment, create_payment
from billing.payments.problems import PaymentNotFound
from billing.payments.queries import PaymentFilter, get_payment, list_payments
from billing.payments.rules import OnExpiry, PaymentStatus, describe
from billing.platform.money import Money, parse_minor
from billing.platform.paging import decode_cursor
from billing.platform.problems import ValidationFailed
from billing.platform.tokens import Caller
from billing.routes.amounts import MoneyBody, minor_within
from billing.routes.answers import answered, shown, shown_page
from billing.routes.bodies import describe_body, read_id, read_model
from billing.routes.caller import READ_ALL, caller_with
from billing.routes.context import PaymentTerms, context_of
from billing.routes.documents import PaymentPage, PaymentView
from billing.routes.keys import KeyHeader, key_scope
from billing.routes.refusals import OF_BODIES, OF_KEYS, OF_TOKENS, edge_limit, refusals
from billing.routes.rendering import request_id_of

router = APIRouter(prefix="/api/v1/payment", tags=["payments"])
ROUTE = "POST /api/v1/payment"
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\\]")


class CreatePaymentBody(MoneyBody):
    """`value` is read exactly as written, number or string."""

    description: Annotated[str | None, Field(max_length=128)] = None
    return_url: Annotated[str | None, Field(max_length=2048)] = None
    capture: Annotated[bool, Field(description="false: paying only holds the money")] = True
    on_expiry: Annotated[
        Literal["release", "capture"] | None,
        Field(description="What becomes of held money before its time runs out: release"),
    ] = None

    @field_validator("on_expiry")
    @classmethod
    def _of_two_stages(cls, policy: str | None, info: ValidationInfo) -> str | None:
        if policy is not None and info.data.get("capture") is not False:
            raise ValueError("only where capture is false")
        return policy

    @field_validator("return_url")
    @classmethod
    def _allowed_host(cls, url: str | None, info: ValidationInfo) -> str | None:
        terms: PaymentTerms = info.context  # type: ignore[assignment]
        if url is not None and not _may_return_to(url, terms.return_hosts):
            raise ValueError("an absolute address on an allowed host is expected")
        return url

    @field_validator("value")
    @classmethod
    def _payable(cls, value: str, info: ValidationInfo) -> str:
        terms: PaymentTerms = info.context  # type: ignore[assignment]
        if currency := info.data.get("currency"):
            minor_within(value, currency, terms.min_minor, terms.max_minor)
        return value


def _may_return_to(url: str, hosts: frozenset[str]) -> bool:
    """Scheme and host exactly as allowed: browsers forgive what parsers do not, so no odd forms."""
    if _UNSAFE_IN_URL.search(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"https", "http"} and parts.netloc.lower() in hosts


EXAMPLE: dict[str, object] = {
    "value": 1342.00,
    "currency": "RUB",
    "description": "Оплата подписки",
}


@router.post(
    "",
    summary="Создать платёж · Create a payment",
    status_code=201,
    responses={
        201: {"model": PaymentView},
        202: {"model": PaymentView, "description": "The provider is undecided; ask again"},
        **refusals(*OF_TOKENS, *OF_BODIES, *OF_KEYS),
        **edge_limit(),
    },
    openapi_extra=describe_body(CreatePaymentBody, EXAMPLE),
)
async def post_payment(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:write"))],
    idempotency_key: KeyHeader = None,
) -> Response:
    """Starts a payment; the customer pays at `confirmation_url`."""
    context = context_of(request)
    terms = context.payments
    body = await read_model(request, CreatePaymentBody, terms)
    amount = Money(parse_minor(body.value, body.currency), body.currency)
    command = CreatePayment(
        customer_id=caller.subject,
        amount=amount,
        description=body.description or None,
        return_url=body.return_url,
        default_return_url=terms.default_return_url,
        request_id=request_id_of(request),
        capture=body.capture,
        on_expiry=None if body.capture else OnExpiry(body.on_expiry or OnExpiry.RELEASE),
    )
    created = await create_payment(
        context.database,
        context.gateway,
        context.clock,
        command,
        key_scope(caller, ROUTE, idempotency_key, _meaning(command)),
    )
    location = f"/api/v1/payment/{created.payment_id}"
    return answered(created.answer, replayed=created.replayed, location=location)


def _meaning(command: CreatePayment) -> dict[str, object]:
    # What is as it always was adds nothing: a key of the version before is good for its repeat.
    stages: dict[str, object] = {} if command.capture else {"on_expiry": command.on_expiry}
    return {
        "minor": command.amount.minor,
        "currency": command.amount.currency,
        "description": command.description,
        "return_url": command.return_url,
        **stages,
    }


@router.get(
    "",
    summary="Платежи, новые сверху · Payments, newest first",
    responses={
        200: {"model": PaymentPage},
        **refusals(*OF_TOKENS, ValidationFailed),
        **edge_limit(),
    },
)
async def get_payments(
    request: Request,
    caller: Annotated[Caller, Depends(caller_with("payments:read"))],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str = "",
    status: Literal["", "pending", "waiting_for_capture", "succeeded", "canceled"] = "",
) -> Response:
    """The caller's payments, newest first."""
    # Empty is the same as left out, as in `?limit=10&cursor=&status=`.
    wanted = PaymentFilter(
        caller.subject,
        PaymentStatus(status) if status else None,
        decode_cursor(cursor) if cursor else None,
        limit,
    )
    async with context_of(request).database.read() as session:
        page = await list_payments(session, wanted)
    return shown_page(page, describe)


@router.get(
    "/{payment_id}",
    summary="Один платёж · One payment",
    responses={200: {"model": PaymentView}, **refusals(*OF_TOKENS, PaymentNotFound)},
)
async def get_one_payment(
    request: Request,
    payment_id: str,
    caller: Annotated[Caller, Depends(caller_with("payments:read"))],
) -> Response:
    """One payment as it is known now."""
    identity = read_id(payment_id, PaymentNotFound)
    owner = None if READ_ALL in caller.scopes else caller.subject
    async with context_of(request).database.read() as session:
        payment = await get_payment(session, identity, owner)
    return shown(describe(payment))
