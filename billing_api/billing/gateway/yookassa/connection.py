"""The connection to YooKassa: one pooled set a process, with a breaker, and answers as they came.

After some calls in a row without an answer no call is made for a while, and the outcome says that
nothing was sent.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp
import structlog

from billing.gateway.breaker import Breaker
from billing.gateway.port import Unknown
from billing.gateway.yookassa.wire import UnreadableError, read_object

CONNECT_SECONDS = 3.0
CONNECTIONS_MAX = 64
ANSWER_BYTES_MAX = 4_000_000
logger = structlog.get_logger("billing.provider")


@dataclass(frozen=True, slots=True)
class YooKassaAccount:
    api_url: str
    shop_id: str
    secret_key: str
    accepts_test: bool
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A readable one: an object of the provider's, or its word on why not."""

    status: int
    content: dict[str, Any]
    retry_after: str | None

    @property
    def is_error(self) -> bool:
        """In the provider's own words: another 4xx may be a proxy's."""
        return 400 <= self.status < 500 and self.content.get("type") == "error"


class Connection:
    """Without a breaker every call is made."""

    def __init__(self, account: YooKassaAccount, breaker: Breaker | None = None) -> None:
        self._account, self._breaker = account, breaker
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Connection":
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

    def may_ask(self, wanted: int) -> int:
        """How many of so many calls may be made now."""
        return wanted if self._breaker is None else self._breaker.room(wanted)

    async def ask(self, method: str, path: str, seconds: float, **request: Any) -> Answer | Unknown:
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
    ) -> Answer | Unknown:
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
                try:
                    content = read_object(body)
                except UnreadableError as error:
                    return Unknown(f"http {answer.status}, {error}")
                return Answer(answer.status, content, answer.headers.get("Retry-After"))
        except (TimeoutError, aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            _log(method, path, started, {"error.type": type(error).__name__})
            return Unknown(type(error).__name__)


def _is_answer(answer: Answer | Unknown) -> bool:
    """The provider itself spoke, whatever it said: done, or refused."""
    return isinstance(answer, Answer) and (answer.status == 200 or 400 <= answer.status < 500)


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
