"""One base for every expected error, rendered once as RFC 9457 problem+json.

A subclass says what is stable (code, status, title); an instance says what happened this time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: a JSON pointer into the body, or the name of a query parameter."""

    pointer: str
    message: str


class Problem(Exception):
    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})


class MalformedBody(Problem):
    code, status, title = "malformed_body", 400, "The body is not JSON"


class Unauthorized(Problem):
    code, status, title = "unauthorized", 401, "A valid bearer token is needed"


class Forbidden(Problem):
    code, status, title = "forbidden", 403, "This token does not allow that"


class NotFound(Problem):
    code, status, title = "not_found", 404, "There is nothing here"


class MethodNotAllowed(Problem):
    code, status, title = "method_not_allowed", 405, "This address does not take that method"


class BodyTooLarge(Problem):
    code, status, title = "body_too_large", 413, "The body is larger than this service accepts"


class UnsupportedMediaType(Problem):
    code, status, title = "unsupported_media_type", 415, "The body must be JSON"


class ValidationFailed(Problem):
    code, status, title = "validation_error", 422, "A value cannot be accepted"


class TooManyRequests(Problem):
    code, status, title = "too_many_requests", 429, "Too many requests at once"


class ServiceUnavailable(Problem):
    code, status, title = "service_unavailable", 503, "The service is not ready"
