"""The provider's error answers: {type, id, code, description, parameter}."""

from typing import Any

from starlette.responses import JSONResponse

from sandbox.ids import random_id

CODES = {
    400: "invalid_request",
    401: "invalid_credentials",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "invalid_state",
    410: "gone",
    413: "invalid_request",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_server_error",
}


class ProviderError(Exception):
    """A refusal with the provider's words; nothing was done."""

    def __init__(
        self,
        status: int,
        description: str,
        parameter: str | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameter = parameter
        self.retry_after = retry_after

    def answer(self, headers: dict[str, str] | None = None) -> JSONResponse:
        """Each showing has a fresh id, also of the same error."""
        body: dict[str, Any] = {
            "type": "error",
            "id": random_id(),
            "code": CODES.get(self.status, "invalid_request"),
            "description": self.description,
        }
        if self.parameter is not None:
            body["parameter"] = self.parameter
        if self.retry_after is not None:
            body["retry_after"] = self.retry_after
        return JSONResponse(body, status_code=self.status, headers=headers)


def invalid(description: str, parameter: str | None = None) -> ProviderError:
    """400: syntax, or a rule of the business."""
    return ProviderError(400, description, parameter)


def not_found(what: str, parameter: str | None = None) -> ProviderError:
    """404: also for another shop's object."""
    return ProviderError(404, f"{what} doesn't exist or access denied", parameter)
