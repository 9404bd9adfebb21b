"""The description and its page: only declared problems, and only the page's own inline script."""

import base64
import hashlib
import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from billing.routes.refusals import EVERYWHERE, describe_problem

_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def describe_application(app: FastAPI) -> None:
    """The framework's description without the 422 it adds unasked, which nothing here answers."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            for item in document["paths"].values():
                for operation in item.values():
                    _drop_unasked(operation["responses"])
            for name in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(name, None)
            document["x-problems"] = [describe_problem(kind) for kind in EVERYWHERE]
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _drop_unasked(answers: dict[str, Any]) -> None:
    if "422" in answers and "x-problems" not in answers["422"]:
        del answers["422"]


def add_documentation_policy(app: FastAPI) -> None:
    app.add_middleware(DocumentationPolicy, path="/app/openapi")


class DocumentationPolicy:
    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path:
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold_start(message: Message) -> None:
            # The digest is known only with the body, and the header must go before it.
            if message["type"] == "http.response.start":
                held.append(message)
                return
            for start in held:
                policy = _policy(message.get("body", b""))
                MutableHeaders(scope=start)["Content-Security-Policy"] = policy
                await send(start)
            held.clear()
            await send(message)

        await self._app(scope, receive, hold_start)


def _policy(page: bytes) -> str:
    digests = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
