"""Errors of the token endpoint: RFC 6749 section 5.2's `error` inside a problem document."""

from __future__ import annotations

from auth.platform.problems import Problem


class TokenProblem(Problem):
    """`code` is the RFC's error word; the body carries it as `error` too."""

    def __init__(self, detail: str | None = None, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail, headers={"Cache-Control": "no-store", **(headers or {})})
        self.extra = {"error": self.code, "error_description": self.detail}


class InvalidRequest(TokenProblem):
    """A form field is missing, twice there or in the wrong place (RFC 6749, 5.2)."""

    code, status, title = "invalid_request", 400, "The token request is not well formed"


class UnsupportedGrantType(TokenProblem):
    """Another grant type than this endpoint issues (RFC 6749, 5.2)."""

    code, status, title = "unsupported_grant_type", 400, "Only client_credentials is issued here"


class InvalidScope(TokenProblem):
    """A scope was asked for that the client was not given (RFC 6749, 5.2)."""

    code, status, title = "invalid_scope", 400, "The client does not hold that scope"


class InvalidClient(TokenProblem):
    """Unknown client or wrong secret (RFC 6749, 5.2)."""

    code, status, title = "invalid_client", 401, "The client id or its secret is wrong"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="token", charset="UTF-8"'})
