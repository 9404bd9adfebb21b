"""Lays a fault over one call of the API, such that the wire shows the real thing."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.errors import ProviderError
from sandbox.faults import FaultSpec
from sandbox.server import reset_connection
from sandbox.suite import Suite

log = structlog.get_logger("sandbox.faults")

_REASONS = {
    "403": "Forbidden",
    "404": "Not Found",
    "413": "Request Entity Too Large",
    "502": "Bad Gateway",
    "503": "Service Temporarily Unavailable",
    "504": "Gateway Time-out",
}
# Whether a proxy's page hides a request that was carried out.
_PROCESSED = {"html_502": False, "html_503": False, "html_504": True}
_DROPS = 20


class FaultGate:
    """In front of the API; without a fault it costs one look at a list."""

    def __init__(self, app: ASGIApp, suite: Suite) -> None:
        self._app, self._suite = app, suite

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        spec = self._suite.faults.take_for_request(scope["method"], scope["path"])
        if spec is None:
            await self._app(scope, receive, send)
            return
        log.warning(
            "fault",
            fault=spec.mode,
            **{"http.request.method": scope["method"], "url.path": scope["path"]},
        )
        request = _Faulty(self._app, self._suite, spec, scope=scope, receive=receive, send=send)
        await request.run()


class _Faulty:
    """One call that goes wrong."""

    def __init__(
        self,
        app: ASGIApp,
        suite: Suite,
        spec: FaultSpec,
        *,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._app, self._suite, self._spec = app, suite, spec
        self._scope, self._receive, self._send = scope, receive, send

    async def run(self) -> None:
        mode = self._spec.mode
        actions: dict[str, Callable[[], Awaitable[None]]] = {
            "drop_before": self._drop,
            "drop_after": self._drop_after,
            "timeout_after_accept": self._hang,
            "slow": self._slow,
            "drip": self._drip,
            "strange_words": self._speak_strangely,
            "truncated_json": self._truncate,
            "wrong_content_type": self._mislabel,
        }
        if mode in actions:
            await actions[mode]()
            return
        if self._carried_out(mode):
            await self._process()
        await self._reply(_canned(self._spec))

    def _carried_out(self, mode: str) -> bool:
        if mode in _PROCESSED:
            asked = self._spec.processed
            return _PROCESSED[mode] if asked is None else asked
        return mode in ("error_500_after", "processing_202", "empty_200")

    async def _process(self) -> tuple[int, bytes]:
        """The real work; its answer is kept from the client."""
        status, parts = 500, []

        async def keep(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self._app(self._scope, self._receive, keep)
        return status, b"".join(parts)

    async def _reply(self, response: Response) -> None:
        await response(self._scope, self._receive, self._send)

    async def _drop(self) -> None:
        await self._cut()

    async def _drop_after(self) -> None:
        await self._process()
        await self._cut()

    async def _hang(self) -> None:
        """Held past any client's patience, then closed without a word."""
        await self._process()
        waits = [
            asyncio.create_task(self._client_gone()),
            asyncio.create_task(self._suite.stopping.wait()),
        ]
        held = self._spec.delay or self._suite.settings.hang_seconds
        await asyncio.wait(waits, timeout=held, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        await self._cut()

    async def _cut(self) -> None:
        reset_connection(self._scope)
        await self._client_gone()

    async def _client_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _slow(self) -> None:
        delay = 3.0 if self._spec.delay is None else self._spec.delay
        status, body = await self._process()
        stopping = asyncio.create_task(self._suite.stopping.wait())
        await asyncio.wait([stopping], timeout=delay)
        stopping.cancel()
        await self._reply(Response(body, status, media_type="application/json"))

    async def _drip(self) -> None:
        """The right answer in small pieces: each comes soon, the whole takes its time."""
        delay = 3.0 if self._spec.delay is None else self._spec.delay
        status, body = await self._process()
        size = max(1, -(-len(body) // _DROPS))

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), size):
                if self._suite.stopping.is_set():
                    return
                await asyncio.sleep(delay / _DROPS)
                yield body[start : start + size]

        await self._reply(StreamingResponse(pieces(), status, media_type="application/json"))

    async def _speak_strangely(self) -> None:
        """What a later version of the API may say: new words, new fields."""
        status, body = await self._process()
        document = json.loads(body)
        for shown in document.get("items", [document]):
            _make_strange(shown)
        await self._reply(JSONResponse(document, status))

    async def _truncate(self) -> None:
        """Whole by its length, half by its content."""
        status, body = await self._process()
        await self._reply(Response(body[: len(body) // 2], status, media_type="application/json"))

    async def _mislabel(self) -> None:
        status, body = await self._process()
        await self._reply(HTMLResponse(body, status))


def _make_strange(shown: dict[str, Any]) -> None:
    method = "refund_method" if "payment_id" in shown else "payment_method"
    shown["status"] = "in_review"
    shown[method] = {"type": "digital_rouble", "wallet": {"id": 7}}
    shown["cancellation_details"] = {"party": "central_bank", "reason": "moon_phase"}
    shown["risk"] = {"score": 0.5, "rules": [1, 2]}


def _canned(spec: FaultSpec) -> Response:
    if spec.mode.startswith("html_"):
        return _proxy_page(spec.mode.removeprefix("html_"), spec)
    answers: dict[str, Callable[[], Response]] = {
        "empty_200": lambda: Response(b"", 200, media_type="application/json"),
        "processing_202": _processing,
        "rate_429": lambda: _too_many(spec.retry_after),
        "auth_401": ProviderError(401, "Basic authentication failed", "Authorization").answer,
        "refusal": ProviderError(spec.status or 400, "Refused on demand").answer,
        "forbidden_403": ProviderError(403, "You don't have permission for this operation").answer,
    }
    return answers.get(spec.mode, ProviderError(500, "Internal server error").answer)()


def _too_many(seconds: int | None) -> Response:
    """With neither header nor field unless asked: the SDK repeats a POST when it sees them."""
    if seconds is None:
        return ProviderError(429, "Too many requests").answer()
    refusal = ProviderError(429, "Too many requests", retry_after=seconds * 1000)
    return refusal.answer({"Retry-After": str(seconds)})


def _processing() -> Response:
    body: dict[str, Any] = {
        "type": "processing",
        "description": "Request accepted, but not processed yet.",
        "retry_after": 1800,
    }
    return Response(json.dumps(body), 202, media_type="application/json")


def _proxy_page(code: str, spec: FaultSpec) -> Response:
    title = f"{code} {_REASONS[code]}"
    headers = {} if spec.retry_after is None else {"Retry-After": str(spec.retry_after)}
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return HTMLResponse(page, int(code), headers)
