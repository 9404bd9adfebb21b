"""RFC 6749's token endpoint for programs: client_credentials, the secret by HTTP Basic."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from flask import Response, jsonify, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, Field
from werkzeug.datastructures import MultiDict

from auth.clients.problems import InvalidClient, InvalidRequest, InvalidScope, UnsupportedGrantType
from auth.flows.issue_client_token import issue_client_token
from auth.platform.problems import BodyTooLarge, TooManyRequests
from auth.routes.context import origin, services
from auth.routes.guards import client_secret
from auth.routes.rendering import problems

api = APIBlueprint("tokens", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="Programs")])

FORM = "application/x-www-form-urlencoded"
# Described here and read below by hand: flask-openapi3 knows multipart forms only, and RFC 6749
# wants its own words for what is wrong with the form.
_REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": ["client_credentials"]},
                    "scope": {
                        "type": "string",
                        "description": "Fewer scopes than the client holds, separated by spaces",
                    },
                },
            }
        }
    },
}


class ClientTokenView(BaseModel):
    access_token: str
    token_type: str = Field(examples=["Bearer"])
    expires_in: int = Field(examples=[900])
    scope: str = Field(examples=["auth:changes billing:changes"])


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: str
    secrets: tuple[str, ...]


@api.post(
    "/token",
    operation_id="issue_client_token",
    security=[{"client": []}],
    openapi_extensions={"requestBody": _REQUEST_BODY},
    responses={
        200: ClientTokenView,
        **problems(
            InvalidRequest,
            UnsupportedGrantType,
            InvalidScope,
            InvalidClient,
            BodyTooLarge,
            TooManyRequests,
        ),
    },
)
@client_secret
def post_token() -> Response:
    """Trade a program's secret for a token"""
    form = _read_form()
    credentials = _read_credentials(form)
    grant_type = form.get("grant_type", "")
    if not grant_type:
        raise InvalidRequest("`grant_type` is missing.")
    if grant_type != "client_credentials":
        raise UnsupportedGrantType
    wired = services()
    issued = issue_client_token(
        wired.database,
        wired.clock,
        wired.tokens,
        wired.limits,
        client_id=credentials.client_id,
        secrets=credentials.secrets,
        # An empty parameter is as good as none (RFC 6749 section 3.1).
        scope=form.get("scope") or None,
        origin=origin(),
    )
    view = ClientTokenView(
        access_token=issued.access_token,
        token_type="Bearer",  # noqa: S106  the word, not a token
        expires_in=wired.tokens.lifetime_seconds,
        scope=issued.scope,
    )
    answer = jsonify(view.model_dump())
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer


def _read_form() -> MultiDict[str, str]:
    if request.mimetype != FORM:
        raise InvalidRequest(f"The body must be {FORM}.")
    form = request.form
    if any(len(values) > 1 for values in form.listvalues()):
        raise InvalidRequest("A parameter occurs twice.")
    return form


def _read_credentials(form: MultiDict[str, str]) -> Credentials:
    if "client_secret" in form:
        raise InvalidRequest("The client's secret is taken by HTTP Basic only.")
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidClient from None
    client_id, separator, secret = pair.partition(":")
    client_id = unquote_plus(client_id)
    if not separator or "\0" in client_id or len(client_id) > 64:
        raise InvalidClient
    # RFC 6749 form-encodes both halves before Basic; most clients do not. Either reading will do.
    return Credentials(client_id, (secret, unquote_plus(secret)))
