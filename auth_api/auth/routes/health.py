"""Alive; and ready: the database answers and stands at this code's migration. Not public."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from auth.platform.problems import ServiceUnavailable
from auth.routes.context import services
from auth.routes.guards import anyone

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@anyone
def live() -> Response:
    return jsonify({"status": "ok"})


@blueprint.get("/ready")
@anyone
def ready() -> Response:
    wired = services()
    try:
        revision = wired.database.migration()
    except SQLAlchemyError:
        raise ServiceUnavailable("The database does not answer.") from None
    if revision != wired.migration_head:
        raise ServiceUnavailable("The database is not migrated.")
    return jsonify({"status": "ok"})
