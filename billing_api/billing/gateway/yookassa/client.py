"""YooKassa over one pooled connection set a process, every answer sorted into the port's outcomes.

Only 200 is done and only a readable 4xx is refused. Everything else, a proxy's HTML included,
leaves the outcome unknown. After some of those in a row no call is made for a while (the breaker),
and the outcome says that nothing was sent.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any
from uuid import UUID

import aiohttp
import structlog

from billing.gateway.breaker import Breaker
from billing.gateway.port import (
    Accepted,
    CancelOutcome,
    CaptureOutcome,
    CreateOutcome,
    FindOutcome,
    ListOutcome,
    Missing,
    PaymentIntent,
    PaymentList,
    Refused,
    Shop,
    Unknown,
)
from billing.gateway.yookassa.wire import (
    UnreadableError,
    capture_body,
    create_body,
    read_object,
    read_payment,
    read_text,
)
from billing.platform.clock import format_instant
from billing.platform.money import Money

CONNECT_SECONDS = 3.0
CONNECTIONS_MAX = 64
ANSWER_BYTES_MAX = 4_000_000
# Not for what we asked: keys, rights, pace or a wrong address of ours. The intention stays good.
TEMPORARY = frozenset({401, 403, 404, 405, 410, 415, 429})
logger = structlog.get_logger("billing.provider")


@dataclass(frozen=True, slots=True)
class YooKassaAccount:
    api_url: str
    shop_id: str
    secret_key: str
    accepts_test: bool
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str | None


class YooKassaGateway:
    """Without a breaker every call is made."""

    def __init__(self, account: YooKassaAccount, breaker: Breaker | None = None) -> None:
        self._account, self._breaker = account, breaker
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "YooKassaGateway":
        context = ssl.create_default_context(cafile=self._account.ca_file or None)
        credentials = aiohttp.encode_basic_auth(self._account.shop_id, self._account.secret_key)
        self._session = aiohttp.ClientSession(
            headers={"Authorization": credentials},
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS_MAX, ssl=context, keepalive_timeout=15
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def shop(self) -> Shop:
        return Shop(self._account.shop_id, self._account.accepts_test)

    def may_ask(self, wanted: int) -> int:
        return wanted if self._breaker is None else self._breaker.room(wanted)

    def write_intent(self, intent: PaymentIntent) -> bytes:
        return create_body(intent)

    async def create_payment(self, key: UUID, body: bytes, *, seconds: float) -> CreateOutcome:
        return await self._act("/payments", key, body, seconds)

    def write_capture(self, part: Money | None) -> bytes:
        return capture_body(part)

    async def capture_payment(
        self, key: UUID, provider_id: str, body: bytes, *, seconds: float
    ) -> CaptureOutcome:
        return await self._act(f"/payments/{provider_id}/capture", key, body, seconds)

    async def cancel_payment(self, key: UUID, provider_id: str, *, seconds: float) -> CancelOutcome:
        return await self._act(f"/payments/{provider_id}/cancel", key, b"{}", seconds)

    async def _act(
        self, path: str, key: UUID, body: bytes, seconds: float
    ) -> Accepted | Refused | Unknown:
        headers = {"Idempotence-Key": str(key), "Content-Type": "application/json"}
        answer = await self._ask("POST", path, seconds, headers=headers, data=body)
        if isinstance(answer, Unknown):
            return answer
        try:
            document = read_object(answer.body)
            if answer.status == 200:
                return Accepted(read_payment(document))
        except UnreadableError as error:
            return Unknown(f"http {answer.status}, {error}")
        if 400 <= answer.status < 500 and document.get("type") == "error":
            return _refusal(answer, document)
        return Unknown(f"http {answer.status}")

    async def find_payment(self, provider_id: str, *, seconds: float = 10) -> FindOutcome:
        answer = await self._ask("GET", f"/payments/{provider_id}", seconds)
        if isinstance(answer, Unknown):
            return answer
        try:
            document = read_object(answer.body)
            if answer.status == 200:
                return Accepted(read_payment(document))
        except UnreadableError as error:
            return Unknown(f"http {answer.status}, {error}")
        if answer.status == 404 and document.get("type") == "error":
            return Missing()
        return Unknown(f"http {answer.status}")

    async def list_payments(
        self,
        since: datetime,
        until: datetime,
        cursor: str | None = None,
        *,
        seconds: float = 10,
    ) -> ListOutcome:
        query = {
            "created_at.gte": format_instant(since),
            "created_at.lt": format_instant(until),
            "limit": "100",
        }
        if cursor:
            query["cursor"] = cursor
        answer = await self._ask("GET", "/payments", seconds, params=query)
        if isinstance(answer, Unknown):
            return answer
        if answer.status != 200:
            return Unknown(f"http {answer.status}")
        try:
            document = read_object(answer.body)
            items = [read_payment(item) for item in document["items"]]
        except (UnreadableError, KeyError, TypeError, AttributeError) as error:
            return Unknown(f"unreadable list: {error}")
        following = document.get("next_cursor")
        return PaymentList(items, following if isinstance(following, str) else None)

    async def _ask(
        self, method: str, path: str, seconds: float, **request: Any
    ) -> _Answer | Unknown:
        breaker = self._breaker
        if breaker is None:
            return await self._call(method, path, seconds, **request)
        admission = breaker.admit()
        if admission is None:
            return Unknown("not sent: the provider does not answer", is_sent=False)
        try:
            answer = await self._call(method, path, seconds, **request)
        except BaseException:
            breaker.abandoned(admission)
            raise
        if _is_answer(answer):
            if breaker.answered(admission):
                logger.warning("provider answers again", state=breaker.state.value)
        elif breaker.unanswered(admission):
            logger.warning(
                "provider is left alone",
                state=breaker.state.value,
                retry_seconds=breaker.pause_seconds,
            )
        return answer

    async def _call(
        self, method: str, path: str, seconds: float, **request: Any
    ) -> _Answer | Unknown:
        if self._session is None:
            raise RuntimeError("the gateway is used outside its lifetime")
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_SECONDS))
        started = time.monotonic()
        try:
            async with self._session.request(
                method,
                self._account.api_url + path,
                timeout=timeout,
                allow_redirects=False,
                **request,
            ) as answer:
                body = await answer.content.read(ANSWER_BYTES_MAX)
                while not answer.content.at_eof() and len(body) < ANSWER_BYTES_MAX:
                    body += await answer.content.read(ANSWER_BYTES_MAX - len(body))
                _log(method, path, started, {"http.response.status_code": answer.status})
                if answer.content_type != "application/json":
                    # A proxy speaks, not the provider: whatever it says proves nothing.
                    return Unknown(f"http {answer.status}, {answer.content_type}"[:200])
                return _Answer(answer.status, body, answer.headers.get("Retry-After"))
        except (TimeoutError, aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            _log(method, path, started, {"error.type": type(error).__name__})
            return Unknown(type(error).__name__)


def _is_answer(answer: _Answer | Unknown) -> bool:
    """The provider itself spoke, whatever it said: done, or refused."""
    if isinstance(answer, Unknown) or not (answer.status == 200 or 400 <= answer.status < 500):
        return False
    try:
        read_object(answer.body)
    except UnreadableError:
        return False
    return True


def _refusal(answer: _Answer, document: Mapping[str, Any]) -> Refused:
    pause = answer.retry_after or ""
    return Refused(
        code=(read_text(document.get("code")) or f"http_{answer.status}")[:64],
        description=(read_text(document.get("description")) or "")[:300],
        temporary=answer.status in TEMPORARY,
        retry_after_seconds=int(pause) if pause.isdecimal() and len(pause) < 6 else None,
    )


def _log(method: str, path: str, started: float, outcome: Mapping[str, object]) -> None:
    logger.info(
        "provider call",
        **{
            "http.request.method": method,
            "url.path": path,
            "event.duration": int((time.monotonic() - started) * 1e9),
            **outcome,
        },
    )
