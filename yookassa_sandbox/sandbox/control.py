"""/_sandbox: what tests and people steer the sandbox with. No credentials: it listens locally."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import cards, refunds
from sandbox.clock import to_wire
from sandbox.errors import ProviderError, not_found
from sandbox.faults import FaultSpec, show_armed
from sandbox.money import parse_amount
from sandbox.refund_creation import DESCRIPTION_MAX, RefundOrder
from sandbox.suite import Suite

Model = TypeVar("Model", bound=BaseModel)
_WORD = r"^[a-z0-9_]{1,64}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CardBody(_Strict):
    """Any number will do here: the outcome is already decided."""

    number: str = Field(cards.DEFAULT_CARD, pattern=r"^[0-9]{12,19}$")
    expiry_month: str = Field("12", pattern=r"^(0[1-9]|1[0-2])$")
    expiry_year: str = Field("2035", pattern=r"^20[0-9]{2}$")


class SucceedBody(_Strict):
    """What the payer paid with."""

    card: CardBody | None = None
    three_d_secure: bool = False


class CancelBody(_Strict):
    """Why the payment ends; unknown reasons pass, for the provider's list grows too."""

    reason: str = Field("general_decline", pattern=_WORD)
    party: str | None = Field(None, pattern=_WORD)


class CabinetRefundBody(_Strict):
    """What a person of the shop asks of the provider's cabinet; no amount is all the rest."""

    payment_id: str
    amount: dict[str, Any] | None = None
    description: str | None = Field(None, min_length=1, max_length=DESCRIPTION_MAX)


class CancelRefundBody(_Strict):
    """Why the money does not reach the payer."""

    reason: str = Field(refunds.DEFAULT_REASON, pattern=_WORD)
    party: str | None = Field(None, pattern=_WORD)


class RawNotification(_Strict):
    """A notification that the sandbox would never send by itself."""

    body: Any
    url: str | None = None
    source: str | None = None
    headers: dict[str, str] = {}


class _Control:
    """The handlers, named after what they do."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    async def list_payments(self, request: Request) -> Response:
        self._suite.payments.sweep()
        self._suite.refunds.sweep()
        rows = self._suite.payments.store.page([], _limit(request))
        return JSONResponse({"items": [payment.document for _, payment in rows]})

    async def succeed(self, request: Request) -> Response:
        asked = await _read(request, SucceedBody)
        payment = self._suite.payments.get(request.path_params["id"])
        given = asked.card or CardBody.model_validate({})
        card = cards.describe(given.number, given.expiry_month, given.expiry_year)
        paid = self._suite.payments.pay(payment, card, three_ds=asked.three_d_secure)
        return JSONResponse(paid.document)

    async def cancel(self, request: Request) -> Response:
        asked = await _read(request, CancelBody)
        payment = self._suite.payments.get(request.path_params["id"])
        canceled = self._suite.payments.decline(payment, asked.reason, asked.party)
        return JSONResponse(canceled.document)

    async def list_refunds(self, request: Request) -> Response:
        self._suite.refunds.sweep()
        wanted = request.query_params.get("payment_id")
        conditions = [("payment_id = ?", wanted)] if wanted else []
        rows = self._suite.refunds.store.page(conditions, _limit(request))
        return JSONResponse({"items": [refund.document for _, refund in rows]})

    async def refund(self, request: Request) -> Response:
        suite = self._suite
        asked = await _read(request, CabinetRefundBody)
        payment = suite.payments.get(asked.payment_id)
        amount = suite.refunds.left(payment)
        if asked.amount is not None:
            amount = parse_amount(
                asked.amount, currency=suite.settings.currency, parameter="amount", strict=True
            )
        said = {} if asked.description is None else {"description": asked.description}
        made = suite.refunds.create(payment, RefundOrder(payment.id, amount, echoed=said))
        return JSONResponse(made.document)

    async def succeed_refund(self, request: Request) -> Response:
        refund = self._suite.refunds.get(request.path_params["id"])
        return JSONResponse(self._suite.refunds.succeed(refund).document)

    async def cancel_refund(self, request: Request) -> Response:
        asked = await _read(request, CancelRefundBody)
        refund = self._suite.refunds.get(request.path_params["id"])
        canceled = self._suite.refunds.cancel(refund, asked.reason, asked.party)
        return JSONResponse(canceled.document)

    async def list_deliveries(self, request: Request) -> Response:
        wanted = request.query_params.get("object_id")
        return JSONResponse(
            {"items": self._suite.deliveries.show(object_id=wanted, limit=_limit(request))}
        )

    async def resend(self, request: Request) -> Response:
        delivery = self._suite.deliveries.find(request.path_params["id"])
        if delivery is None:
            raise not_found("Delivery")
        if not self._suite.settings.notification_url:
            raise ProviderError(409, "SANDBOX_NOTIFICATION_URL is not set")
        await self._suite.notifier.resend(delivery)
        return JSONResponse(self._suite.deliveries.show_by_id(delivery.id))

    async def send_raw(self, request: Request) -> Response:
        asked = await _read(request, RawNotification)
        text = asked.body if isinstance(asked.body, str) else json.dumps(asked.body)
        if not (asked.url or self._suite.settings.notification_url):
            raise ProviderError(409, "SANDBOX_NOTIFICATION_URL is not set")
        attempt = await self._suite.notifier.send_raw(
            text.encode(), url=asked.url, source=asked.source, headers=asked.headers
        )
        return JSONResponse(
            {"code": attempt.code, "error": attempt.error, "duration_ms": attempt.duration_ms}
        )

    async def show_faults(self, _: Request) -> Response:
        return JSONResponse(self._suite.faults.show())

    async def arm_fault(self, request: Request) -> Response:
        return JSONResponse(show_armed(self._suite.faults.arm(await _read(request, FaultSpec))))

    async def clear_faults(self, _: Request) -> Response:
        self._suite.faults.clear()
        return JSONResponse({})

    async def show_clock(self, _: Request) -> Response:
        return JSONResponse({"now": to_wire(self._suite.clock.now_ms())})


def control_routes(suite: Suite) -> list[Route]:
    """Every route of the control API."""
    control = _Control(suite)
    table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/payments", control.list_payments),
        ("POST", "/payments/{id}/succeed", control.succeed),
        ("POST", "/payments/{id}/cancel", control.cancel),
        ("GET", "/refunds", control.list_refunds),
        ("POST", "/refunds", control.refund),
        ("POST", "/refunds/{id}/succeed", control.succeed_refund),
        ("POST", "/refunds/{id}/cancel", control.cancel_refund),
        ("GET", "/deliveries", control.list_deliveries),
        ("POST", "/deliveries/{id}/resend", control.resend),
        ("POST", "/notifications", control.send_raw),
        ("GET", "/faults", control.show_faults),
        ("POST", "/faults", control.arm_fault),
        ("DELETE", "/faults", control.clear_faults),
        ("GET", "/clock", control.show_clock),
    ]
    return [Route(f"/_sandbox{path}", handler, methods=[method]) for method, path, handler in table]


async def _read(request: Request, model: type[Model]) -> Model:
    """An absent body is an empty object; the content type is not looked at."""
    raw = await request.body()
    try:
        return model.model_validate_json(raw if raw.strip() else b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or None
        raise ProviderError(422, first["msg"], where) from error


def _limit(request: Request) -> int:
    raw = request.query_params.get("limit", "100")
    if not (raw.isascii() and raw.isdigit() and 1 <= int(raw[:9]) <= 10_000):
        raise ProviderError(422, "limit is 1 to 10000", "limit")
    return int(raw)
