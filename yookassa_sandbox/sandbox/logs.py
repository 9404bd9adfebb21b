"""ECS JSON lines on stdout, one formatter for our code and for uvicorn."""

import logging
import re
import sys
import time
from typing import Any

import ecs_logging
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

from sandbox.log_fields import keep_fields

_SERVICE = "yookassa-sandbox"
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger("sandbox.http")


def configure_logs(level: str = "INFO") -> None:
    """Once, at the start of the process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _to_ecs,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ecs: Any = ecs_logging.StructlogFormatter(ensure_ascii=False)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            pass_foreign_args=True,
            processors=[
                keep_fields,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                ecs,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _to_ecs(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog's names to ECS's, plus the name of this program."""
    event["service.name"] = _SERVICE
    event["log.level"] = event.pop("level")
    event["log.logger"] = event.pop("logger")
    return event


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
                **{
                    "http.request.method": scope["method"],
                    "http.response.status_code": status,
                    "url.path": scope["path"],
                    "event.duration": time.perf_counter_ns() - started,
                    "trace.id": _trace(scope),
                },
            )


def _trace(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _WELL_FORMED.fullmatch(value):
            return str(value, "ascii")
    return None
