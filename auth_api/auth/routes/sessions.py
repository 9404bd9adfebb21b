"""Logging in, going on, logging out."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from auth.accounts.problems import InvalidCredentials
from auth.accounts.rules import PASSWORD_BYTES_MAX
from auth.flows.log_in import log_in
from auth.flows.log_out import log_out
from auth.flows.refresh_session import refresh_session
from auth.platform.problems import (
    BodyTooLarge,
    Forbidden,
    MalformedBody,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from auth.platform.tokens import TokenPair
from auth.routes.bodies import refuse_invalid
from auth.routes.context import origin, services
from auth.routes.guards import account_id, anyone, person, session_id
from auth.routes.rendering import problems
from auth.sessions.problems import InvalidRefreshToken

api = APIBlueprint("sessions", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Sessions")])


def _check_size(given: str) -> str:
    if len(given.encode()) > PASSWORD_BYTES_MAX:
        raise ValueError(f"longer than {PASSWORD_BYTES_MAX} bytes")
    return given


class LoginBody(BaseModel):
    """Any name and any password may be tried; what no account can have is simply wrong."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"example": {"username": "user_name", "password": "newpassword1"}},
    )

    username: Annotated[str, AfterValidator(_check_size)]
    password: Annotated[str, AfterValidator(_check_size)]


class RefreshBody(BaseModel):
    """Any text may be tried; what we never gave out is simply not valid."""

    model_config = ConfigDict(extra="forbid", strict=True)

    refresh_token: Annotated[str, AfterValidator(_check_size)]


class LogoutBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    everywhere: bool = False


_LOGOUT_BODY: dict[str, Any] = {
    "required": False,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "everywhere": {
                        "type": "boolean",
                        "default": False,
                        "description": "End every session of the account",
                    }
                },
            }
        }
    },
}


class TokenPairView(BaseModel):
    access_token: str
    refresh_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(description="Seconds", examples=[900])


@api.post(
    "/login",
    operation_id="log_in",
    responses={
        200: TokenPairView,
        **problems(
            MalformedBody,
            InvalidCredentials,
            BodyTooLarge,
            UnsupportedMediaType,
            ValidationFailed,
            TooManyRequests,
        ),
    },
)
@anyone
def post_login(body: LoginBody) -> Response:
    """Trade a name and a password for tokens"""
    wired = services()
    pair = log_in(
        wired.database,
        wired.clock,
        wired.passwords,
        wired.tokens,
        wired.limits,
        username=body.username,
        password=body.password,
        origin=origin(),
    )
    return _answer(pair)


@api.post(
    "/refresh",
    operation_id="refresh",
    responses={
        200: TokenPairView,
        **problems(
            MalformedBody,
            InvalidRefreshToken,
            BodyTooLarge,
            UnsupportedMediaType,
            ValidationFailed,
            TooManyRequests,
        ),
    },
)
@anyone
def post_refresh(body: RefreshBody) -> Response:
    """Trade a refresh token for the next pair; each is good for one use"""
    wired = services()
    pair = refresh_session(
        wired.database,
        wired.clock,
        wired.tokens,
        wired.limits,
        refresh_token=body.refresh_token,
        grace=wired.refresh_grace,
        origin=origin(),
    )
    return _answer(pair)


@api.post(
    "/logout",
    operation_id="log_out",
    security=[{"bearer": []}],
    openapi_extensions={"requestBody": _LOGOUT_BODY},
    responses={
        204: None,
        **problems(
            MalformedBody,
            Unauthorized,
            Forbidden,
            BodyTooLarge,
            UnsupportedMediaType,
            ValidationFailed,
        ),
    },
)
@person
def post_logout() -> tuple[str, int]:
    """End the session of this token, or every session of the account"""
    # By hand, for the body may be left out whole.
    raw = request.get_data(parse_form_data=False)
    try:
        body = LogoutBody.model_validate(request.get_json() if raw else {})
    except ValidationError as fault:
        refuse_invalid(fault)
    wired = services()
    log_out(
        wired.database,
        wired.clock,
        account_id=account_id(),
        session_id=session_id(),
        everywhere=body.everywhere,
        origin=origin(),
    )
    return "", 204


def _answer(pair: TokenPair) -> Response:
    view = TokenPairView(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="Bearer",  # noqa: S106  the word, not a token
        expires_in=services().tokens.lifetime_seconds,
    )
    answer = jsonify(view.model_dump())
    answer.headers["Cache-Control"] = "no-store"
    return answer
