"""The public keys, for every service that checks tokens."""

from __future__ import annotations

from flask import Response, jsonify
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from auth.keys.rules import PUBLISH_SECONDS
from auth.routes.context import services
from auth.routes.guards import anyone

api = APIBlueprint("jwks", __name__, abp_tags=[Tag(name="Keys")])


class KeyView(BaseModel):
    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class KeySetView(BaseModel):
    keys: list[KeyView]


@api.get("/.well-known/jwks.json", operation_id="show_keys", responses={200: KeySetView})
@anyone
def get_jwks() -> Response:
    """The public halves of the signing keys (RFC 7517)"""
    answer = jsonify(services().keyring.document())
    answer.headers["Cache-Control"] = f"public, max-age={PUBLISH_SECONDS}"
    return answer
