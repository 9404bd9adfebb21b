"""The interactive documentation, from our own files only, at /docs/ and at the older /swaggerui/.

The page names its files relatively, so it works behind any prefix; the description says the prefix
itself (`servers`), so "Execute" calls the address a client would call.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, redirect, render_template, send_file, url_for
from flask_openapi3.openapi import OpenAPI
from werkzeug.wrappers import Response as BaseResponse

from auth.platform.problems import NotFound
from auth.routes.guards import anyone

blueprint = Blueprint("docs", __name__, template_folder="templates")

_SWAGGER = Path(str(resources.files("flask_openapi3_swagger"))) / "templates" / "swagger"
_OURS = Path(__file__).parent / "assets"
_ASSETS = {
    "swagger-ui.css": (_SWAGGER / "css" / "swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER / "js" / "swagger-ui-bundle.js", "text/javascript"),
    "icon.svg": (_SWAGGER / "images" / "swagger.svg", "image/svg+xml"),
    "docs.js": (_OURS / "docs.js", "text/javascript"),
    "docs.css": (_OURS / "docs.css", "text/css"),
}

# Swagger UI draws its icons from data: addresses; nothing else needs an exception.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@blueprint.get("/")
@anyone
def home() -> BaseResponse:
    return redirect(url_for("docs.page"))


def _page(description: str) -> Response:
    answer = Response(render_template("docs.html", description=description))
    answer.headers["Content-Security-Policy"] = PAGE_POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/docs/")
@anyone
def page() -> Response:
    return _page("openapi.json")


@blueprint.get("/swaggerui/")
@anyone
def old_page() -> Response:
    return _page("../swagger.json")


@blueprint.get("/docs/openapi.json")
@blueprint.get("/swagger.json")
@anyone
def description() -> Response:
    document = cast("OpenAPI", current_app).api_doc
    answer = current_app.json.response(document)
    answer.headers["Cache-Control"] = "no-cache"
    return cast("Response", answer)


@blueprint.get("/docs/assets/<name>")
@blueprint.get("/swaggerui/assets/<name>")
@anyone
def asset(name: str) -> Response:
    if name not in _ASSETS:
        raise NotFound
    path, media_type = _ASSETS[name]
    return send_file(path, mimetype=media_type, max_age=86400)
