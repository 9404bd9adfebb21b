"""Logging in."""

from __future__ import annotations

from typing import Annotated

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from auth.accounts.problems import InvalidCredentials
from auth.accounts.rules import PASSWORD_BYTES_MAX
from auth.flows.log_in import log_in
from auth.platform.problems import (
    BodyTooLarge,
    MalformedBody,
    TooManyRequests,
    UnsupportedMediaType,
    ValidationFailed,
)
from auth.routes.context import origin, services
from auth.routes.guards import anyone
from auth.routes.rendering import problems

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
        username=body.username,
        password=body.password,
        origin=origin(),
    )
    view = TokenPairView(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        token_type="Bearer",  # noqa: S106  the word, not a token
        expires_in=wired.tokens.lifetime_seconds,
    )
    answer = jsonify(view.model_dump())
    answer.headers["Cache-Control"] = "no-store"
    return answer
