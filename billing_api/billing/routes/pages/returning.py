"""Where the person lands after the checkout: shows one payment's state and asks the provider.

The address holds a UUIDv7 with 74 random bits and is all a reader needs, for the person may come
back in another browser than the one that is signed in. Therefore the page shows the least that lets
one recognise a payment: state, amount, description. Not who pays, not why it was declined, and not
where to pay. Nothing here credits anything: asking ends in the flow that every other way ends in.
"""

import asyncio

import structlog
from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from billing.flows.poll_payment import poll_payment
from billing.payments.problems import PaymentNotFound
from billing.payments.queries import get_payment
from billing.payments.rules import Payment, PaymentStatus
from billing.platform.database import UNAVAILABLE
from billing.platform.ids import parse_id
from billing.platform.money import format_minor
from billing.routes.context import context_of
from billing.routes.pages.rendering import busy, not_found, render
from billing.routes.pages.wording import STATES

router = APIRouter(include_in_schema=False)
logger = structlog.get_logger("billing.pages")

# Strangers may hold links: they must not be able to keep all connections busy asking.
ASKING_AT_ONCE = 4
_asking = asyncio.Semaphore(ASKING_AT_ONCE)


async def _find(request: Request, written_id: str) -> Payment:
    payment_id = parse_id(written_id)
    if payment_id is None:
        raise PaymentNotFound
    async with context_of(request).database.read() as session:
        return await get_payment(session, payment_id, owner=None)


async def _ask(request: Request, payment: Payment) -> Payment:
    """The payment after a look at the provider, or as it is when that cannot be had now."""
    if payment.is_final or _asking.locked():
        return payment
    context = context_of(request)
    async with _asking:
        return await poll_payment(context.database, context.gateway, context.clock, payment.id)


def _word(payment: Payment) -> str:
    """The state as the page tells it: a payment nobody wants any more is not waited for."""
    if payment.status is PaymentStatus.PENDING and payment.cancel_requested_at is not None:
        return "cancel_requested"
    return payment.status.value


@router.api_route("/pay/return/{written_id}", methods=["GET", "HEAD"])
async def show_return(request: Request, written_id: str, check: str = "") -> Response:
    """`check` is what the button and the refresh without JavaScript send: they ask, too."""
    try:
        payment = await _find(request, written_id)
        if check:
            payment = await _ask(request, payment)
    except PaymentNotFound:
        return not_found(request)
    except UNAVAILABLE as error:
        # Somebody has just paid: they deserve words, not a JSON problem.
        logger.warning("return page without a database", exc_info=error)
        return busy(request)
    return render(
        request,
        "return.html",
        state=STATES[_word(payment)],
        states=STATES.values(),
        final=payment.is_final,
        payment_id=str(payment.id),
        value=format_minor(payment.amount.minor, payment.amount.currency),
        currency=payment.amount.currency,
        description=payment.description,
    )


@router.get("/pay/return/{written_id}/state")
async def read_state(request: Request, written_id: str) -> Response:
    payment = await _ask(request, await _find(request, written_id))
    return JSONResponse(
        {"status": _word(payment), "final": payment.is_final},
        headers={"Cache-Control": "no-store"},
    )
