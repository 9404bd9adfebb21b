"""Everything that goes wrong becomes problem+json here, once; bugs show nothing of themselves."""

import asyncpg  # type: ignore[import-untyped]
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from billing.platform import problems
from billing.platform.database import UNAVAILABLE
from billing.platform.problems import Problem, as_document
from billing.platform.strict_json import dump_json
from billing.routes.bodies import read_errors

logger = structlog.get_logger("billing.requests")
MEDIA_TYPE = "application/problem+json"
BY_STATUS: dict[int, type[Problem]] = {
    400: problems.MalformedBody,
    401: problems.Unauthorized,
    403: problems.Forbidden,
    404: problems.NotFound,
    405: problems.MethodNotAllowed,
    413: problems.BodyTooLarge,
    415: problems.UnsupportedMediaType,
    422: problems.ValidationFailed,
}


def render_problem(problem: Problem, request_id: str) -> Response:
    return Response(
        dump_json(as_document(problem, request_id)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **problem.headers},
    )


def request_id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", "-"))


async def on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - for the type checker
    logger.info("refused", **{"error.code": error.code})
    return render_problem(error, request_id_of(request))


async def on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    problem = problems.ValidationFailed(errors=read_errors(list(error.errors())))
    return render_problem(problem, request_id_of(request))


async def on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    problem = BY_STATUS.get(error.status_code, problems.InternalError)
    return render_problem(problem(headers=error.headers), request_id_of(request))


async def on_database(request: Request, error: Exception) -> Response:
    """The database cannot be reached, or is too busy: ours, and worth trying again."""
    logger.warning("database is unavailable", exc_info=error)
    problem = problems.ServiceUnavailable(headers={"Retry-After": "2"})
    return render_problem(problem, request_id_of(request))


async def on_gone(_: Request, __: Exception) -> Response:
    """The client hung up while sending: nobody reads this."""
    return Response(status_code=400)


async def on_bug(request: Request, error: Exception) -> Response:
    logger.error("unhandled", exc_info=error)
    return render_problem(problems.InternalError(), request_id_of(request))


def add_renderers(app: FastAPI) -> None:
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(ClientDisconnect, on_gone)
    for unavailable in UNAVAILABLE:
        app.add_exception_handler(unavailable, on_database)
    # Any other word of the server, and a value that the driver cannot write, is a bug.
    app.add_exception_handler(asyncpg.PostgresError, on_bug)
