"""The landing page and the payment form; what they show is fetched by the form's own script."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from billing.routes.pages.rendering import not_found, render

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request) -> Response:
    return render(
        request,
        "landing.html",
        base_url=str(request.base_url).rstrip("/"),
        development=request.app.state.settings.environment == "development",
    )


@router.api_route("/pay", methods=["GET", "HEAD"])
async def pay_without_slash() -> Response:
    # A relative address keeps the reader's host and port whatever stands in front of us.
    return RedirectResponse("/pay/", status_code=308)


@router.api_route("/pay/", methods=["GET", "HEAD"])
async def pay(request: Request) -> Response:
    return render(request, "pay.html")


# Registered last: whatever else people type under /pay/ deserves a page, not a JSON problem.
lost = APIRouter(include_in_schema=False)


@lost.api_route("/pay/{_:path}", methods=["GET", "HEAD"])
async def unknown_page(request: Request) -> Response:
    return not_found(request)
