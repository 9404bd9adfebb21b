"""Registration and the account of the caller."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from auth.accounts import queries as accounts
from auth.accounts.problems import EmailTaken, UsernameTaken, WeakPassword, WrongPassword
from auth.accounts.rules import (
    EMAIL_LENGTH_MAX,
    PASSWORD_BYTES_MAX,
    PASSWORD_LENGTH_MIN,
    USERNAME_PATTERN,
    USERNAME_RULE,
    normal_email,
    normal_username,
)
from auth.accounts.tables import Account
from auth.audit.queries import list_events
from auth.flows.change_account import AccountChange, change_account
from auth.flows.register_account import Registration, register_account
from auth.platform.clock import to_wire
from auth.platform.ids import parse_id
from auth.platform.problems import (
    BodyTooLarge,
    FieldError,
    Forbidden,
    MalformedBody,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from auth.roles import queries as roles
from auth.routes.bodies import whole_number
from auth.routes.context import origin, services
from auth.routes.guards import account_id, anyone, person, session_id
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


class ChangeBody(BaseModel):
    """At least one of the two."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"current_password": "newpassword1", "email": "new_name@test.com"}
        },
    )

    current_password: Annotated[str, AfterValidator(check_password_size)]
    new_password: Annotated[str, AfterValidator(check_password_size)] | None = None
    email: Annotated[str, AfterValidator(normal_email)] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.new_password is None and self.email is None:
            raise ValueError("new_password or email is expected")
        return self


class HistoryQuery(BaseModel):
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(default=20, ge=1, le=100)
    cursor: str = Field(default="", description="`next_cursor` of the page before")


class EventView(BaseModel):
    id: UUID
    at: str
    event: str = Field(examples=["login_ok"])
    address: str | None
    user_agent: str | None


class HistoryView(BaseModel):
    items: list[EventView]
    next_cursor: str | None


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
        limits=wired.limits,
        origin=origin(),
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
    return _show(account, granted.roles)


@api.put(
    "/auth_change",
    operation_id="change_account",
    security=[{"bearer": []}],
    responses={
        200: AccountView,
        **problems(
            MalformedBody,
            Unauthorized,
            Forbidden,
            WrongPassword,
            EmailTaken,
            BodyTooLarge,
            UnsupportedMediaType,
            ValidationFailed,
            WeakPassword,
            TooManyRequests,
        ),
    },
)
@person
def put_auth_change(body: ChangeBody) -> Response:
    """Change the password or the e-mail; a new password ends every other session"""
    wired = services()
    command = AccountChange(
        account_id=account_id(),
        session_id=session_id(),
        current_password=body.current_password,
        new_password=body.new_password,
        email=body.email,
    )
    account, granted = change_account(
        wired.database,
        wired.clock,
        wired.passwords,
        command,
        limits=wired.limits,
        origin=origin(),
    )
    return _show(account, granted)


@api.get(
    "/auth_history",
    operation_id="show_history",
    security=[{"bearer": []}],
    responses={200: HistoryView, **problems(Unauthorized, Forbidden, ValidationFailed)},
)
@person
def get_auth_history(query: HistoryQuery) -> Response:
    """Log-ins, refusals and changes of the caller's account, newest first"""
    before = None
    if query.cursor:
        before = parse_id(query.cursor)
        if before is None:
            message = "not a cursor of this list"
            raise ValidationFailed(errors=[FieldError("cursor", message)])
    with services().database.read() as session:
        found = list_events(session, account_id(), before=before, limit=query.limit + 1)
    shown = found[: query.limit]
    view = HistoryView(
        items=[
            EventView(
                id=event.id,
                at=to_wire(event.at),
                event=event.event,
                address=event.address,
                user_agent=event.user_agent,
            )
            for event in shown
        ],
        next_cursor=str(shown[-1].id) if len(found) > query.limit else None,
    )
    return _answer(view)


def _show(account: Account, granted: list[str]) -> Response:
    return _answer(
        AccountView(
            id=account.id,
            username=account.username,
            email=account.email,
            roles=granted,
            created_at=to_wire(account.created_at),
        )
    )


def _answer(view: BaseModel) -> Response:
    answer = jsonify(view.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
