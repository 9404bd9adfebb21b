"""The landing page and the payment form; what they show is fetched by the form's own script."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from billing.platform.money import format_minor
from billing.routes.context import context_of
from billing.routes.pages.rendering import not_found, render

router = APIRouter(include_in_schema=False)
PROVIDER_API = "https://api.yookassa.ru/v3"


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request) -> Response:
    settings = request.app.state.settings
    return render(
        request,
        "landing.html",
        base_url=settings.base_url,
        development=not settings.in_production,
        sandbox=not settings.in_production and settings.yookassa_api_url != PROVIDER_API,
    )


@router.api_route("/pay", methods=["GET", "HEAD"])
async def pay_without_slash() -> Response:
    # A relative address keeps the reader's host and port whatever stands in front of us.
    return RedirectResponse("/pay/", status_code=308)


@router.api_route("/pay/", methods=["GET", "HEAD"])
async def pay(request: Request) -> Response:
    terms = context_of(request).payments
    return render(
        request,
        "pay.html",
        least=format_minor(terms.min_minor, "RUB"),
        most=format_minor(terms.max_minor, "RUB"),
    )


# Registered last: whatever else people type under /pay/ deserves a page, not a JSON problem.
lost = APIRouter(include_in_schema=False)


@lost.api_route("/pay/{_:path}", methods=["GET", "HEAD"])
async def unknown_page(request: Request) -> Response:
    return not_found(request)
