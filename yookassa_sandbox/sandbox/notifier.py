"""Sends notifications until somebody answers 200, from the address that the shop trusts."""

import asyncio
import ssl
import time
from typing import Any

import aiohttp
import structlog

from sandbox.clock import Clock
from sandbox.deliveries import Attempt, Deliveries, Delivery
from sandbox.faults import Faults
from sandbox.settings import Settings

_BATCH = 200
_AT_ONCE = 64  # a slow receiver holds one of these for each of its own notifications
_TICK = 0.25  # seconds: how soon a moved clock is noticed

log = structlog.get_logger("sandbox.notifier")


class Notifier:
    """One task looks for what is due; each sending is a task of its own."""

    def __init__(
        self, settings: Settings, clock: Clock, deliveries: Deliveries, faults: Faults
    ) -> None:
        self._settings, self._clock = settings, clock
        self._deliveries, self._faults = deliveries, faults
        self._wake = asyncio.Event()
        self._flying: dict[str, asyncio.Task[str]] = {}
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def publish(self, event: str, payload: dict[str, Any], before: dict[str, Any]) -> None:
        """Called inside the transaction that makes the event."""
        chosen = self._settings.notification_events
        if chosen and event not in chosen:
            return
        fault = self._faults.take_for_event(payload, event)
        shown = before if fault and fault.mode == "webhook_stale" else payload
        self._deliveries.add(event, shown, now_ms=self._clock.now_ms(), fault=fault)
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. What was on its way when the process died is simply due again."""
        while True:
            self._wake.clear()
            free = self._start_due() if self._settings.notification_url else self._nowhere()
            # A full house waits for a sending to end, which wakes us too.
            timeout = _TICK if free else 1.0
            try:
                await asyncio.wait_for(self._wake.wait(), timeout)
            except TimeoutError:
                continue

    async def deliver_now(self, object_id: str) -> None:
        """Sends what one object has waiting, and comes back after the first attempts."""
        tasks = [self._start(delivery) for delivery in self._deliveries.of_object(object_id)]
        if tasks and self._settings.notification_url:
            await asyncio.wait(tasks)

    async def resend(self, delivery: Delivery) -> None:
        """One attempt more, now, whatever its schedule says."""
        await asyncio.wait([self._start(delivery)])

    async def send_raw(
        self, body: bytes, *, url: str | None, source: str | None, headers: dict[str, str]
    ) -> Attempt:
        """Any body from any address: for forgeries."""
        wanted = self._settings.notification_source if source is None else source
        return await self._post(url or self._settings.notification_url, body, wanted, headers)

    async def close(self) -> None:
        """Sendings in progress are cut: their rows are still due at the next start."""
        for task in self._flying.values():
            task.cancel()
        await asyncio.gather(*self._flying.values(), return_exceptions=True)
        for session in self._sessions.values():
            await session.close()

    def _nowhere(self) -> bool:
        self._deliveries.set_unaddressed()
        return True

    def _start_due(self) -> bool:
        """Whether there is room left after starting what is due."""
        room = _AT_ONCE - len(self._flying)
        if room <= 0:
            return False
        # Flying ones are still due in the table, so look past them.
        for delivery in self._deliveries.due(self._clock.now_ms(), _BATCH + _AT_ONCE):
            if delivery.id in self._flying:
                continue
            if room <= 0:
                return False
            self._start(delivery)
            room -= 1
        return True

    def _start(self, delivery: Delivery) -> asyncio.Task[str]:
        task = self._flying.get(delivery.id)
        if task is None:
            task = asyncio.create_task(self._attempt(delivery))
            self._flying[delivery.id] = task
            task.add_done_callback(lambda _: self._landed(delivery.id))
        return task

    def _landed(self, delivery_id: str) -> None:
        self._flying.pop(delivery_id, None)
        self._wake.set()

    async def _attempt(self, delivery: Delivery) -> str:
        body = delivery.body.encode()
        source = self._settings.notification_source
        attempt = await self._post(self._settings.notification_url, body, source, {})
        state = self._deliveries.record(delivery, attempt, now_ms=self._clock.now_ms())
        log.info(
            "notification sent",
            object=delivery.object_id,
            delivery=delivery.id,
            attempt=delivery.made + 1,
            state=state,
            **{"http.response.status_code": attempt.code, "error.type": attempt.error},
        )
        return state

    async def _post(self, url: str, body: bytes, source: str, headers: dict[str, str]) -> Attempt:
        at, started = self._clock.now_ms(), time.monotonic()
        code, error = None, None
        try:
            async with self._session(source).post(
                url,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as response:
                code = response.status
                await response.content.read(65_536)  # ignored, but the connection stays usable
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as failure:
            error = type(failure).__name__ if code is None else None
        return Attempt(at, round((time.monotonic() - started) * 1000), code, error)

    def _session(self, source: str) -> aiohttp.ClientSession:
        session = self._sessions.get(source)
        if session is None:
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._trust(),
                    local_addr=(source, 0) if source else None,
                    limit=_AT_ONCE * 2,
                    keepalive_timeout=30,
                ),
                timeout=aiohttp.ClientTimeout(total=self._settings.notification_timeout),
                headers={"User-Agent": "YooKassa-Sandbox"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._sessions[source] = session
        return session

    def _trust(self) -> ssl.SSLContext | bool:
        """The provider takes any certificate, also a self-signed one."""
        if not self._settings.notification_verify:
            return False
        return ssl.create_default_context(cafile=self._settings.ca_file or None)
