"""The request id: taken from nginx, bound to every log line, given back to the client."""

import re
import secrets
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = structlog.get_logger("panel.access")


class RequestIdMiddleware:
    """First in the chain, so that even a refusal carries the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(**{"trace.id": request_id})
        started = time.monotonic_ns()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        if not request.path.startswith("/health/"):
            _access_line(request, response, time.monotonic_ns() - started)
        return response


def request_id_headers() -> dict[str, str]:
    """For calls of other services on behalf of the request at hand."""
    request_id = structlog.contextvars.get_contextvars().get("trace.id")
    return {"X-Request-ID": str(request_id)} if request_id else {}


def _access_line(request: HttpRequest, response: HttpResponse, duration_ns: int) -> None:
    """Method, path, status, duration; never the query, which may hold a customer's e-mail."""
    log.info(
        "request answered",
        **{
            "http.request.method": request.method,
            "url.path": request.path,
            "http.response.status_code": response.status_code,
            "event.duration": duration_ns,
        },
    )
