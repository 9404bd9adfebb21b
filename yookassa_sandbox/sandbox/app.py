"""The root: reads the settings, wires the parts and serves them."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

import structlog
import uvloop
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import payment_routes, refund_routes
from sandbox.api import ProviderApi
from sandbox.checkout_page import CheckoutPage
from sandbox.control import control_routes
from sandbox.control_page import ControlPage
from sandbox.errors import ProviderError
from sandbox.fault_gate import FaultGate
from sandbox.log_fields import log_uncaught, refused_settings
from sandbox.logs import AccessLog, configure_logs
from sandbox.server import make_server
from sandbox.settings import RefusedSettingsError, Settings, load_settings
from sandbox.suite import Suite, build_suite, sweep_forever

log = structlog.get_logger("sandbox.start")
_STATIC = Path(__file__).parent / "static"


# What /v3 serves; a further resource is one more line.
API_ROUTES = [*payment_routes.ROUTES, *refund_routes.ROUTES]


def make_app(suite: Suite) -> Starlette:
    """All routes; anything else is the provider's JSON 404 or 405."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(suite.notifier.run()),
            asyncio.create_task(sweep_forever(suite)),
        ]
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        await suite.notifier.close()
        suite.state.close()

    async def ready(_: Request) -> Response:
        suite.state.one("SELECT 1")
        return JSONResponse({"status": "ok"})

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    provider = FaultGate(ProviderApi(suite, API_ROUTES), suite)
    app = Starlette(
        routes=[
            Route("/v3/{rest:path}", provider),
            *control_routes(suite),
            *CheckoutPage(suite).routes(),
            *ControlPage(suite).routes(),
            Route("/health/live", live),
            Route("/health/ready", ready),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        lifespan=lifespan,
    )
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ProviderError, _provider_error)
    app.add_exception_handler(Exception, _crash)
    app.router.redirect_slashes = False
    return app


async def _http_error(_: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    texts = {404: "Incorrect URL", 405: "Method is not allowed"}
    return ProviderError(error.status_code, texts.get(error.status_code, error.detail)).answer()


async def _provider_error(_: Request, error: Exception) -> Response:
    return cast("ProviderError", error).answer()


async def _crash(_: Request, __: Exception) -> Response:
    return ProviderError(500, "Internal server error").answer()


async def serve(settings: Settings) -> None:
    """Until a signal."""
    suite = build_suite(settings)
    server = make_server(AccessLog(make_app(suite)), settings, suite.stopping)
    await server.serve()


def _settings() -> Settings:
    try:
        return load_settings()
    except ValidationError as refusal:
        log.critical("settings are refused", **{"error.message": refused_settings(refusal)})
    except RefusedSettingsError as refusal:
        log.critical("settings are refused", error=refusal)
    sys.exit(1)


def main() -> None:
    """`python -m sandbox.app`"""
    configure_logs()
    log_uncaught()
    settings = _settings()
    # uvicorn drains and then raises the signal once more, for whoever had it before.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt):
        uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
