"""Errors as values clients can act on (RFC 9457): one base, a stable `code` a class.

A Problem is expected and logged at info; any other exception is a bug and shows no details.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Problem(Exception):
    """Base of everything this service refuses with."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[str, str]] = (),
        members: Mapping[str, str] | None = None,
    ) -> None:
        """`members`: what a program needs beyond the code (RFC 9457, section 3.2)."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.headers = dict(headers or {})
        self.members = dict(members or {})
        self.errors = [{"pointer": pointer, "message": message} for pointer, message in errors]


def as_document(problem: Problem, request_id: str) -> dict[str, object]:
    document: dict[str, object] = {
        "type": f"urn:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:request:{request_id}",
        "code": problem.code,
        **problem.members,
    }
    if problem.errors:
        document["errors"] = problem.errors
    return document


class InternalError(Problem):
    """A bug; details are in the log under the request id."""


class MalformedBody(Problem):
    """The body is not JSON as RFC 8259 has it."""

    status, code, title = 400, "malformed_body", "The body is not valid JSON"


class Unauthorized(Problem):
    """No token, or one that does not hold."""

    status, code, title = 401, "unauthorized", "A valid access token is required"


class Forbidden(Problem):
    """The token holds but lacks the right."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(Problem):
    """Nothing here for this caller."""

    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    """The address exists, the method does not."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"


class BodyTooLarge(Problem):
    """The body exceeds the limit of this address."""

    status, code, title = 413, "body_too_large", "The body is too large"


class UnsupportedMediaType(Problem):
    """Only JSON is read here."""

    status, code, title = 415, "unsupported_media_type", "Send application/json"


class ValidationFailed(Problem):
    """Well-formed, but a value cannot be; `errors` names each."""

    status, code, title = 422, "validation_error", "A value is not acceptable"


class ServiceUnavailable(Problem):
    """Something we need does not answer; try again."""

    status, code, title = 503, "service_unavailable", "Temporarily unavailable"
