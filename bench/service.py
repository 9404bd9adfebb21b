"""Billing's application with the provider in the process: what is measured is ours alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

from fastapi import FastAPI

from billing.gateway.port import Accepted, PaymentIntent, Shop
from billing.gateway.yookassa.wire import create_body, read_object, read_payment
from billing.platform.clock import SystemClock, format_instant
from billing.platform.strict_json import dump_json
from billing.wiring.app import create_app
from billing.wiring.parts import start_logs

SHOP = Shop("100500", accepts_test=True)


class Provider:
    """Takes every payment at once; reads and writes the same documents as the real client."""

    shop = SHOP

    def write_intent(self, intent: PaymentIntent) -> bytes:
        return create_body(intent)

    async def create_payment(self, key: UUID, body: bytes, *, seconds: float) -> Accepted:  # noqa: ARG002
        asked = read_object(body)
        answer = {
            "id": str(key),
            "status": "pending",
            "amount": asked["amount"],
            "recipient": {"account_id": SHOP.account_id},
            "metadata": asked["metadata"],
            "test": True,
            "created_at": format_instant(SystemClock().now()),
            "confirmation": {"confirmation_url": f"https://provider.test/{key}"},
        }
        return Accepted(read_payment(read_object(dump_json(answer))))


def make() -> FastAPI:
    settings = start_logs("billing")
    app = create_app(settings)
    opened = app.router.lifespan_context

    @asynccontextmanager
    async def with_provider(started: FastAPI) -> AsyncIterator[None]:
        async with opened(started):
            started.state.context = replace(started.state.context, gateway=Provider())
            yield

    app.router.lifespan_context = with_provider
    return app
