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
    """A bug, or what every other problem is made of; the log has the rest under the request id."""

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
    """Not one JSON value, or a name occurs twice in it."""

    code, status, title = "malformed_body", 400, "The body is not JSON"


class Unauthorized(Problem):
    """No token, one that does not hold, or one whose session has ended."""

    code, status, title = "unauthorized", 401, "A valid bearer token is needed"


class Forbidden(Problem):
    """The token holds but lacks the right."""

    code, status, title = "forbidden", 403, "This token does not allow that"


class NotFound(Problem):
    """No such address, or nothing there for this caller."""

    code, status, title = "not_found", 404, "There is nothing here"


class MethodNotAllowed(Problem):
    """The address exists, the method does not; `Allow` names those that do."""

    code, status, title = "method_not_allowed", 405, "This address does not take that method"


class BodyTooLarge(Problem):
    """Larger than any body this service needs."""

    code, status, title = "body_too_large", 413, "The body is larger than this service accepts"


class UnsupportedMediaType(Problem):
    """Only JSON is read here."""

    code, status, title = "unsupported_media_type", 415, "The body must be JSON"


class ValidationFailed(Problem):
    """Well formed, but a value cannot be; `errors` names each."""

    code, status, title = "validation_error", 422, "A value cannot be accepted"


class TooManyRequests(Problem):
    """Too many at once, or too often; `Retry-After` says when to come back."""

    code, status, title = "too_many_requests", 429, "Too many requests at once"


class ServiceUnavailable(Problem):
    """The database does not answer or is not migrated; try again."""

    code, status, title = "service_unavailable", 503, "The service is not ready"
