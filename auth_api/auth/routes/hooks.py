"""What happens around every request: its id, who may call, one log line, the headers of answers."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from auth.platform.ids import request_id_from
from auth.routes.context import request_id
from auth.routes.guards import enforce

log = structlog.get_logger("auth.requests")

# An answer of the API is data: no browser should run or frame anything in it.
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def _begin() -> None:
    g.request_id = request_id_from(request.headers.get("X-Request-ID"))
    g.started = time.perf_counter_ns()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**{"trace.id": g.request_id})


def _end(answer: Response) -> Response:
    answer.headers["X-Request-ID"] = request_id()
    answer.headers.setdefault("Content-Security-Policy", API_POLICY)
    if not request.path.startswith("/health/"):
        fields = {
            "http.request.method": request.method,
            "url.path": request.path,
            "http.response.status_code": answer.status_code,
            "event.duration": time.perf_counter_ns() - g.get("started", 0),
        }
        if "account_id" in g:
            fields["user.id"] = str(g.account_id)
        log.info("request", **fields)
    return answer


def install(app: Flask) -> None:
    app.before_request(_begin)
    app.before_request(enforce)
    app.after_request(_end)
