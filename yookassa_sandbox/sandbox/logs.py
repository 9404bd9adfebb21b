"""ECS JSON lines on stdout, one formatter for our code and for uvicorn."""

import logging
import sys
import time
from typing import Any, cast

import ecs_logging
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import Processor

_SERVICE = "yookassa-sandbox"
_ECS = frozenset({
    *("@timestamp", "event", "message", "exception", "log.level", "log", "ecs.version"),
    *("http", "url", "trace", "error"),
})  # fmt: skip

log = structlog.get_logger("sandbox.http")


def configure_logs() -> None:
    """Once, at the start of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            cast("Processor", _Formatter()),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    ours = logging.StreamHandler(sys.stdout)
    ours.setFormatter(logging.Formatter("%(message)s"))
    theirs = logging.StreamHandler(sys.stdout)
    theirs.setFormatter(
        ecs_logging.StdlibFormatter(
            extra={"service": {"name": _SERVICE}},
            exclude_fields=["process", "color_message", "log.original", "log.origin"],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [theirs]
    root.setLevel(logging.INFO)
    own = logging.getLogger("sandbox")
    own.handlers[:] = [ours]
    own.propagate = False


class _Formatter(ecs_logging.StructlogFormatter):
    """Our own words go below `sandbox`, so that they never clash with ECS's."""

    def format_to_ecs(self, event_dict: dict[str, Any]) -> dict[str, Any]:
        """What ECS has no name for is moved."""
        own = {key: event_dict.pop(key) for key in list(event_dict) if key not in _ECS}
        duration = own.pop("duration_ns", None)
        line = super().format_to_ecs(event_dict)
        line["service"] = {"name": _SERVICE}
        if duration is not None:
            line["event"] = {"duration": duration}
        if own:
            line["sandbox"] = {key: value for key, value in own.items() if value is not None}
        return line


class AccessLog:
    """A line a request, without query strings, headers or bodies: nothing in it is secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/health/"):
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter_ns(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            log.info(
                "request",
                http={"request": {"method": scope["method"]}, "response": {"status_code": status}},
                url={"path": scope["path"]},
                duration_ns=time.perf_counter_ns() - started,
                **_trace(scope),
            )


def _trace(scope: Scope) -> dict[str, dict[str, str]]:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and len(value) <= 64:
            return {"trace": {"id": value.decode("latin-1")}}
    return {}
