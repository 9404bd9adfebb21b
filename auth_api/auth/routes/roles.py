"""Roles, and who holds them: for whoever may give roles."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from auth.accounts import queries as accounts
from auth.accounts.problems import AccountNotFound
from auth.flows.change_user_role import RoleChange, change_user_role
from auth.flows.put_role import RoleText, put_role
from auth.flows.remove_role import remove_role
from auth.platform.problems import (
    BodyTooLarge,
    FieldError,
    Forbidden,
    MalformedBody,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from auth.roles import queries as roles
from auth.roles.problems import (
    LastAdmin,
    RoleBuiltIn,
    RoleExists,
    RoleInUse,
    RoleNotFound,
    RoleRequired,
)
from auth.roles.rules import DESCRIPTION_LENGTH_MAX, ROLE_PATTERN, Scope, is_role_name
from auth.roles.tables import RoleRow
from auth.routes.bodies import whole_number
from auth.routes.context import origin, services
from auth.routes.guards import holding, subject
from auth.routes.rendering import problems

api = APIBlueprint("roles", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Roles")])
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}]
NEEDED = "roles:write"
_TOKEN = (Unauthorized, Forbidden)
_BODY = (MalformedBody, BodyTooLarge, UnsupportedMediaType, ValidationFailed)
RoleName = Annotated[str, Field(pattern=ROLE_PATTERN, examples=["auditor"])]


class RolePath(BaseModel):
    name: str


class RoleContent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    scopes: list[Scope] = Field(max_length=len(Scope), examples=[["payments:read"]])
    description: str = Field(default="", max_length=DESCRIPTION_LENGTH_MAX)


class RoleBody(RoleContent):
    name: RoleName


class RoleView(BaseModel):
    name: str
    scopes: list[str]
    description: str
    built_in: bool


class RolesQuery(BaseModel):
    limit: Annotated[int, BeforeValidator(whole_number)] = Field(default=20, ge=1, le=100)
    cursor: str = Field(default="", description="`next_cursor` of the page before")


class RoleList(BaseModel):
    items: list[RoleView]
    next_cursor: str | None


class UserRoleBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    account_id: UUID
    role: RoleName


class WhoseQuery(BaseModel):
    """One of the two."""

    account_id: UUID | None = None
    username: str = ""


class UserRoleQuery(BaseModel):
    account_id: UUID
    role: str


class UserRolesView(BaseModel):
    account_id: UUID
    username: str
    roles: list[str]


def _role(row: RoleRow) -> dict[str, object]:
    return RoleView(
        name=row.name,
        scopes=list(row.scopes),
        description=row.description,
        built_in=row.built_in,
    ).model_dump()


@api.get(
    "/roles",
    operation_id="list_roles",
    security=SECURITY,
    responses={200: RoleList, **problems(*_TOKEN, ValidationFailed)},
)
@holding(NEEDED)
def get_roles(query: RolesQuery) -> Response:
    """Every role with its scopes, by name"""
    if query.cursor and not is_role_name(query.cursor):
        raise ValidationFailed(errors=[FieldError("cursor", "not a cursor of this list")])
    with services().database.read() as session:
        found = roles.list_roles(session, after=query.cursor, limit=query.limit + 1)
        shown = found[: query.limit]
        more = len(found) > query.limit
        return jsonify(
            {
                "items": [_role(row) for row in shown],
                "next_cursor": shown[-1].name if more else None,
            }
        )


@api.post(
    "/roles",
    operation_id="add_role",
    security=SECURITY,
    responses={201: RoleView, **problems(*_TOKEN, *_BODY, RoleExists)},
)
@holding(NEEDED)
def post_role(body: RoleBody) -> tuple[Response, int]:
    """Make a role of some of the scopes there are"""
    wired = services()
    text = RoleText(body.name, body.scopes, body.description)
    row = put_role(wired.database, wired.clock, text, is_new=True, by=subject(), origin=origin())
    return jsonify(_role(row)), 201


@api.get(
    "/roles/<string:name>",
    operation_id="show_role",
    security=SECURITY,
    responses={200: RoleView, **problems(*_TOKEN, RoleNotFound)},
)
@holding(NEEDED)
def get_role(path: RolePath) -> Response:
    """One role"""
    with services().database.read() as session:
        return jsonify(_role(roles.get_role(session, path.name)))


@api.put(
    "/roles/<string:name>",
    operation_id="change_role",
    security=SECURITY,
    responses={200: RoleView, **problems(*_TOKEN, *_BODY, RoleNotFound, RoleBuiltIn)},
)
@holding(NEEDED)
def put_one_role(path: RolePath, body: RoleContent) -> Response:
    """Other scopes for a role; they hold from the next token on"""
    wired = services()
    text = RoleText(path.name, body.scopes, body.description)
    row = put_role(wired.database, wired.clock, text, is_new=False, by=subject(), origin=origin())
    return jsonify(_role(row))


@api.delete(
    "/roles/<string:name>",
    operation_id="delete_role",
    security=SECURITY,
    responses={204: None, **problems(*_TOKEN, RoleNotFound, RoleBuiltIn, RoleInUse)},
)
@holding(NEEDED)
def delete_one_role(path: RolePath) -> tuple[str, int]:
    """Delete a role nobody holds"""
    wired = services()
    remove_role(wired.database, wired.clock, path.name, by=subject(), origin=origin())
    return "", 204


@api.get(
    "/user-roles",
    operation_id="show_user_roles",
    security=SECURITY,
    responses={200: UserRolesView, **problems(*_TOKEN, AccountNotFound, ValidationFailed)},
)
@holding(NEEDED)
def get_user_roles(query: WhoseQuery) -> Response:
    """Who holds what, by account id or by name"""
    if (query.account_id is None) == (not query.username):
        message = "account_id or username is expected"
        raise ValidationFailed(errors=[FieldError("account_id", message)])
    if "\0" in query.username:
        raise AccountNotFound
    with services().database.read() as session:
        account = (
            accounts.find_by_username(session, query.username)
            if query.account_id is None
            else accounts.find_by_id(session, query.account_id)
        )
        if account is None:
            raise AccountNotFound
        held = roles.grants_of(session, account.id).roles
    return _holder(account.id, account.username, held)


@api.post(
    "/user-roles",
    operation_id="grant_role",
    security=SECURITY,
    responses={
        200: UserRolesView,
        201: UserRolesView,
        **problems(*_TOKEN, *_BODY, AccountNotFound, RoleNotFound),
    },
)
@holding(NEEDED)
def post_user_role(body: UserRoleBody) -> tuple[Response, int]:
    """Give a role: 201, or 200 where it was held already"""
    wired = services()
    wanted = RoleChange(body.account_id, body.role, by=subject(), revoke=False)
    account, held, changed = change_user_role(wired.database, wired.clock, wanted, origin())
    return _holder(account.id, account.username, held), 201 if changed else 200


@api.delete(
    "/user-roles",
    operation_id="revoke_role",
    security=SECURITY,
    responses={
        204: None,
        **problems(
            *_TOKEN, AccountNotFound, RoleNotFound, LastAdmin, RoleRequired, ValidationFailed
        ),
    },
)
@holding(NEEDED)
def delete_user_role(query: UserRoleQuery) -> tuple[str, int]:
    """Take a role away; also 204 where it was not held"""
    wired = services()
    wanted = RoleChange(query.account_id, query.role, by=subject(), revoke=True)
    change_user_role(wired.database, wired.clock, wanted, origin())
    return "", 204


def _holder(account_id: UUID, username: str, held: list[str]) -> Response:
    view = UserRolesView(account_id=account_id, username=username, roles=held)
    answer = jsonify(view.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
