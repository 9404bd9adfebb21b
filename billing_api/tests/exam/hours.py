"""Hours that pass in seconds: one time for us and the provider, and the worker's loops by hand."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from billing_parts.orders import order
from billing_parts.processes import NO_TLS
from billing_parts.provider import SECRET_KEY, SHOP_ID, Sandbox
from sqlalchemy import text

from billing.flows.claim_polls import claim_polls
from billing.flows.create_payment import Created, create_payment
from billing.flows.poll_payment import poll_payment
from billing.flows.process_notifications import process_notifications
from billing.flows.receive_notification import receive_notification
from billing.flows.recover_attempts import recover_attempts
from billing.gateway.breaker import Breaker
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.inbox.rules import Arrival
from billing.platform.budget import Budget
from billing.platform.clock import SystemClock
from exam.place import Place, open_provider

# Nobody's payment ends by itself while an experiment still waits.
SETTINGS = {"SANDBOX_CONFIRM_SECONDS": str(7 * 86400)}
_STATES = text("""
    SELECT p.*, b.paid_minor, (SELECT count(*) FROM journals j WHERE j.payment_id = p.id) AS booked
    FROM payments p LEFT JOIN customer_balances b USING (customer_id, currency)
    WHERE p.id = ANY(:ids)
""")


class Control:
    """The provider's side, over one connection kept open."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._http = httpx.Client(base_url=f"{sandbox.url}/_sandbox", timeout=20, verify=NO_TLS)

    def arm(self, mode: str, method: str, **more: Any) -> None:
        spec = {"mode": mode, "method": method, "path": "/v3/*", "times": 1_000_000, **more}
        self._http.post("/faults", json=spec).raise_for_status()

    def calm(self) -> None:
        self._http.delete("/faults").raise_for_status()

    def count_calls(self) -> None:
        """From now on: a slowness of no seconds is a counter at the provider's own door."""
        self.calm()
        for method in ("POST", "GET"):
            self.arm("slow", method, delay=0.0)

    def calls(self, method: str | None = None) -> int:
        """How many met what is armed; of one method, or of all."""
        items = self._http.get("/faults").raise_for_status().json()["items"]
        return sum(item["fired"] for item in items if method in (None, item["method"]))

    def pay(self, provider_id: str) -> None:
        self._http.post(f"/payments/{provider_id}/succeed").raise_for_status()

    def payments(self) -> dict[str, list[str]]:
        """The ids of the provider's, by our id."""
        found: dict[str, list[str]] = {}
        answer = self._http.get("/payments", params={"limit": "10000"}).raise_for_status()
        for item in answer.json()["items"]:
            found.setdefault(item["metadata"]["payment_uid"], []).append(item["id"])
        return found

    def close(self) -> None:
        self._http.close()


@dataclass
class Shop:
    """`look`: what the worker does about open attempts, each time; how many it worked on."""

    place: Place
    control: Control
    gateway: YooKassaGateway
    clock_file: Path
    look: Callable[["Shop"], Awaitable[int]]

    def advance(self, seconds: float) -> None:
        self.place.clock.advance(seconds=seconds)
        # What has really passed since the start runs on the provider's side by itself.
        ahead = self.place.clock.now() - SystemClock().now()
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(json.dumps({"offset_seconds": round(ahead / timedelta(seconds=1))}))
        fresh.rename(self.clock_file)

    async def buy(self, customer: str, minor: int) -> Created:
        place = self.place
        wanted = order(customer, minor)
        return await create_payment(place.database, self.gateway, place.clock, wanted, None)

    async def pay(self, provider_id: str) -> None:
        """The payer pays, and the provider says so."""
        self.control.pay(provider_id)
        body = {"type": "notification", "event": "payment.succeeded", "object": {"id": provider_id}}
        arrival = Arrival(json.dumps(body).encode(), "127.0.0.53", "delivered")
        await receive_notification(self.place.database, self.place.clock, arrival)

    async def work(self) -> None:
        """The worker's three loops, each until it finds nothing to do."""
        place = self.place
        while await process_notifications(place.database, self.gateway, place.clock):
            pass
        while await self.look(self):
            pass
        while due := await claim_polls(place.database, place.clock, 10):
            polls = (poll_payment(place.database, self.gateway, place.clock, one) for one in due)
            await asyncio.gather(*polls)

    async def states(self, ids: Iterable[str]) -> dict[str, Any]:
        """Payments as they are kept, with `booked` and `paid_minor`, by id."""
        async with self.place.database.read() as session:
            rows = await session.all(_STATES, {"ids": [UUID(one) for one in ids]})
        return {str(row["id"]): row for row in rows}


@asynccontextmanager
async def open_shop(
    place: Place,
    *,
    breaker: Breaker | None = None,
    look: Callable[[Shop], Awaitable[int]],
) -> AsyncIterator[Shop]:
    """With a sandbox of its own, that keeps our time."""
    clock_file = place.folder / "clock.json"
    settings = {"BUSINESS_CLOCK_FILE": str(clock_file), **SETTINGS}
    async with open_provider(place, **settings) as provider:
        account = YooKassaAccount(provider.sandbox.api, SHOP_ID, SECRET_KEY, accepts_test=True)
        control = Control(provider.sandbox)
        try:
            async with YooKassaGateway(account, breaker) as gateway:
                yield Shop(place, control, gateway, clock_file, look)
        finally:
            control.close()


def recovering(budget: Budget | None = None) -> Callable[[Shop], Awaitable[int]]:
    """The worker's own way."""

    async def look(shop: Shop) -> int:
        place = shop.place
        return await recover_attempts(place.database, shop.gateway, place.clock, budget=budget)

    return look


def wrong_credits(states: dict[str, Any], paid: dict[str, int]) -> list[str]:
    """Of payments by their amounts: each paid is credited exactly once, and no other at all."""
    failures = []
    for one, row in states.items():
        credited = (int(row["booked"]), row["paid_minor"] or 0)
        expected = (1, paid[one]) if one in paid else (0, 0)
        if credited != expected:
            failures.append(f"{one}: {credited[0]} journals and {credited[1]}, not {expected}")
    return failures
