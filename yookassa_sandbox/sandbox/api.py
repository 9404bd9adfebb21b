"""/v3: who is asking, in what form, for which operation; everything is answered as JSON."""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.errors import ProviderError, invalid
from sandbox.idempotence import operation
from sandbox.suite import Suite

_BODY_LIMIT = 256 * 1024
_NOTHING: tuple[dict[str, Any], bytes] = ({}, b"{}")
_NO_ACCESS = "Basic authentication failed"

log = structlog.get_logger("sandbox.api")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has passed the door."""

    suite: Suite
    shop_id: str
    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    canonical: bytes
    key: str | None
    object_id: str = ""

    def once(
        self, act: Callable[[], dict[str, Any]], show: Callable[[str], dict[str, Any]]
    ) -> tuple[dict[str, Any], bool]:
        """What this call makes, or what its key has made already, and whether it is new."""
        asked = operation(
            self.shop_id, self.key, method=self.method, path=self.path, body=self.canonical
        )
        return self.suite.idempotence.once(asked, act, show)


Handler = Callable[[Call], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """An operation: the path is below /v3 and {id} stands for one segment."""

    method: str
    path: str
    handler: Handler

    def pattern(self) -> re.Pattern[str]:
        """Nothing but the path itself, no trailing slash."""
        return re.compile("/v3" + self.path.replace("{id}", r"(?P<id>[^/]+)"))


class ProviderApi:
    """The API as an ASGI application, so that faults can be laid over it."""

    def __init__(self, suite: Suite, routes: list[ApiRoute]) -> None:
        self._suite = suite
        self._routes: dict[str, tuple[re.Pattern[str], dict[str, Handler]]] = {}
        for route in routes:
            entry = self._routes.setdefault(route.path, (route.pattern(), {}))
            entry[1][route.method] = route.handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return JSONResponse(await self._handle(request))
        except ProviderError as refusal:
            headers = {"WWW-Authenticate": 'Basic realm="api"'} if refusal.status == 401 else None
            return refusal.answer(headers)
        except Exception:  # the provider never shows its inside
            log.exception("request failed")
            return ProviderError(500, "Internal server error").answer()

    async def _handle(self, request: Request) -> dict[str, Any]:
        shop_id = self._authenticate(request.headers.get("authorization", ""))
        handler, object_id = self._match(request.method, request.scope["path"])
        body, canonical = _NOTHING
        if request.method == "POST":
            body, canonical = await _read_body(request)
        call = Call(
            suite=self._suite,
            shop_id=shop_id,
            method=request.method,
            path=request.scope["path"],
            query=dict(request.query_params),
            body=body,
            canonical=canonical,
            key=request.headers.get("idempotence-key"),
            object_id=object_id,
        )
        return await handler(call)

    def _authenticate(self, header: str) -> str:
        scheme, _, credentials = header.partition(" ")
        try:
            pair = base64.b64decode(credentials.strip(), validate=True)
        except (ValueError, binascii.Error):
            pair = b""
        settings = self._suite.settings
        wanted = f"{settings.shop_id}:{settings.secret_key}".encode()
        if scheme.lower() != "basic" or not hmac.compare_digest(pair, wanted):
            raise ProviderError(401, _NO_ACCESS, "Authorization")
        return settings.shop_id

    def _match(self, method: str, path: str) -> tuple[Handler, str]:
        for pattern, handlers in self._routes.values():
            match = pattern.fullmatch(path)
            if match is None:
                continue
            if method not in handlers:
                raise ProviderError(405, "Method is not allowed")
            return handlers[method], match.groupdict().get("id", "")
        raise ProviderError(404, "Incorrect URL")


async def _read_body(request: Request) -> tuple[dict[str, Any], bytes]:
    """The object and its canonical form; a bodyless POST is an empty object."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _BODY_LIMIT:
            raise ProviderError(413, "Request body is too large")
        chunks.append(chunk)
    raw = b"".join(chunks)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and (raw or kind):
        raise ProviderError(415, "Content type is not supported", "Content-Type")
    return _parse(raw) if raw.strip() else _NOTHING


def _parse(raw: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        body = json.loads(raw, parse_float=Decimal, parse_constant=_refuse_constant)
        # Lone surrogates are legal JSON and illegal text: encoding refuses them.
        canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise invalid("Request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise invalid("Request body is not a JSON object")
    return body, canonical


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
