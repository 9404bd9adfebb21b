"""Each request's id, its one log line, and the last net under it.

Plain ASGI: a middleware that wraps streams would cost more than the request.
"""

import re
import time
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.platform.ids import new_id
from billing.platform.problems import InternalError
from billing.routes.rendering import render_problem

logger = structlog.get_logger("billing.requests")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
_QUIET = ("/health/", "/metrics")


class RequestScope:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _WELL_FORMED.fullmatch(given) else new_id().hex
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(**{"trace.id": request_id})
        seen: dict[str, Any] = {"status": 500, "begun": False}

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.update(status=message["status"], begun=True)
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            logger.exception("unhandled", exc_info=error)
            if seen["begun"]:
                raise
            await render_problem(InternalError(), request_id)(scope, receive, send_with_id)
        finally:
            _log(scope, seen["status"], started)
            structlog.contextvars.unbind_contextvars("trace.id")


def _log(scope: Scope, status: int, started: float) -> None:
    path: str = scope["path"]
    if path.startswith(_QUIET):
        return
    if path.startswith("/api/v1/notification/"):
        path = "/api/v1/notification/-"  # the rest of it is a secret
    logger.info(
        "request",
        **{
            "http.request.method": scope["method"],
            "url.path": path[:200],
            "http.response.status_code": status,
            "event.duration": int((time.perf_counter() - started) * 1e9),
        },
    )
