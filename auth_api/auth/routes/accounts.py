"""Registration and the account of the caller."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from auth.accounts import queries as accounts
from auth.accounts.problems import EmailTaken, UsernameTaken, WeakPassword
from auth.accounts.rules import (
    EMAIL_LENGTH_MAX,
    PASSWORD_BYTES_MAX,
    PASSWORD_LENGTH_MIN,
    USERNAME_PATTERN,
    USERNAME_RULE,
    normal_email,
    normal_username,
)
from auth.flows.register_account import Registration, register_account
from auth.platform.clock import to_wire
from auth.platform.problems import (
    BodyTooLarge,
    Forbidden,
    MalformedBody,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from auth.roles import queries as roles
from auth.routes.context import origin, services
from auth.routes.guards import account_id, anyone, person
from auth.routes.rendering import problems

api = APIBlueprint("accounts", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Accounts")])


def check_password_size(password: str) -> str:
    """Long passwords are hashed whole, so there must be an end to them."""
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        raise ValueError(f"longer than {PASSWORD_BYTES_MAX} bytes")
    return password


class RegistrationBody(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {
                "username": "user_name",
                "password": "newpassword1",
                "email": "user_name@test.com",
            }
        },
    )

    username: Annotated[str, AfterValidator(normal_username)] = Field(
        description=f"{USERNAME_RULE}; unique whatever its case",
        json_schema_extra={"pattern": USERNAME_PATTERN},
    )
    password: Annotated[str, AfterValidator(check_password_size)] = Field(
        description=f"At least {PASSWORD_LENGTH_MIN} characters, not a common one",
        json_schema_extra={"minLength": PASSWORD_LENGTH_MIN, "maxLength": PASSWORD_BYTES_MAX},
    )
    email: Annotated[str, AfterValidator(normal_email)] = Field(
        description="Unique whatever its case",
        json_schema_extra={"format": "email", "maxLength": EMAIL_LENGTH_MAX},
    )


class RegisteredView(BaseModel):
    id: UUID
    username: str
    email: str
    created_at: str = Field(examples=["2026-01-31T12:00:00.000000Z"])


class AccountView(BaseModel):
    id: UUID
    username: str
    email: str
    roles: list[str] = Field(examples=[["customer"]])
    created_at: str = Field(examples=["2026-01-31T12:00:00.000000Z"])


@api.post(
    "/registration",
    operation_id="register",
    responses={
        201: RegisteredView,
        **problems(
            MalformedBody,
            UsernameTaken,
            EmailTaken,
            BodyTooLarge,
            UnsupportedMediaType,
            ValidationFailed,
            WeakPassword,
            TooManyRequests,
        ),
    },
)
@anyone
def post_registration(body: RegistrationBody) -> tuple[Response, int]:
    """Make an account"""
    wired = services()
    account = register_account(
        wired.database,
        wired.clock,
        wired.passwords,
        Registration(body.username, body.email, body.password),
        origin(),
    )
    view = RegisteredView(
        id=account.id,
        username=account.username,
        email=account.email,
        created_at=to_wire(account.created_at),
    )
    return jsonify(view.model_dump(mode="json")), 201


@api.get(
    "/me",
    operation_id="show_me",
    security=[{"bearer": []}],
    responses={200: AccountView, **problems(Unauthorized, Forbidden)},
)
@person
def get_me() -> Response:
    """The account of the caller"""
    # Read from the database: a role granted a minute ago shows, an older token notwithstanding.
    with services().database.read() as session:
        account = accounts.find_active(session, account_id())
        if account is None:
            raise Unauthorized("The account of this token is closed.")
        granted = roles.grants_of(session, account.id)
    view = AccountView(
        id=account.id,
        username=account.username,
        email=account.email,
        roles=granted.roles,
        created_at=to_wire(account.created_at),
    )
    answer = jsonify(view.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
