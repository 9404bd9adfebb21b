"""Every error leaves as problem+json, rendered here only; a bug shows nothing of its inside."""

from __future__ import annotations

import json
from typing import Any

import structlog
from flask import Flask, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from auth.platform.problems import (
    BodyTooLarge,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    Problem,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from auth.routes.context import request_id

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("auth.errors")

_FROM_HTTP: dict[int, type[Problem]] = {
    400: MalformedBody,
    404: NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
}

EVERYWHERE = (NotFound, MethodNotAllowed, ServiceUnavailable, Problem)


class FieldErrorView(BaseModel):
    pointer: str
    message: str


class ProblemView(BaseModel):
    """RFC 9457 problem document."""

    type: str = Field(examples=["urn:problem:validation_error"])
    title: str
    status: int
    detail: str
    instance: str = Field(examples=["urn:request:0b9f7f2c5d6e4f15"])
    code: str = Field(examples=["validation_error"])
    errors: list[FieldErrorView] | None = None


def problems(*kinds: type[Problem]) -> dict[str | int, dict[str, Any]]:
    """The `responses` of a route: which problems it answers with, one answer a status."""
    by_status: dict[str | int, list[type[Problem]]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {status: _describe_answer(same) for status, same in by_status.items()}


def _describe_answer(kinds: list[type[Problem]]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{ProblemView.__name__}"}
    return {
        "description": "; ".join(f"`{kind.code}`: {kind.title}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": schema}},
        "x-problems": [describe_problem(kind) for kind in kinds],
    }


def describe_problem(kind: type[Problem]) -> dict[str, Any]:
    """docs/errors.md is made from these."""
    meaning = " ".join((kind.__doc__ or "").split())
    return {"code": kind.code, "status": kind.status, "title": kind.title, "meaning": meaning}


def render(problem: Problem) -> Response:
    document: dict[str, Any] = {
        "type": f"urn:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:request:{request_id()}",
        "code": problem.code,
        **problem.extra,
    }
    if problem.errors:
        document["errors"] = [
            {"pointer": error.pointer, "message": error.message} for error in problem.errors
        ]
    answer = Response(json.dumps(document), status=problem.status, content_type=MEDIA_TYPE)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers.update(problem.headers)
    return answer


def _render_http(fault: HTTPException) -> Response:
    known = _FROM_HTTP.get(fault.code or 500)
    problem = known() if known else Problem()
    allow = dict(fault.get_headers()).get("Allow")
    if allow:
        problem.headers["Allow"] = allow
    return render(problem)


def _render_outage(fault: Exception) -> Response:
    log.error("the database does not answer", exc_info=fault)
    return render(ServiceUnavailable("Try again shortly.", headers={"Retry-After": "2"}))


def _render_bug(fault: Exception) -> Response:
    log.error("unhandled exception", exc_info=fault)
    return render(Problem())


def install(app: Flask) -> None:
    app.register_error_handler(Problem, render)
    app.register_error_handler(HTTPException, _render_http)
    app.register_error_handler(OperationalError, _render_outage)
    app.register_error_handler(PoolTimeoutError, _render_outage)
    app.register_error_handler(Exception, _render_bug)
