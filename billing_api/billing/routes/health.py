"""For the launcher and the operator; nginx shows none of it."""

import asyncio
from datetime import datetime

import asyncpg  # type: ignore[import-untyped]
from fastapi import APIRouter, Request
from prometheus_client import Gauge, generate_latest
from prometheus_client.registry import CollectorRegistry
from sqlalchemy import text
from starlette.responses import JSONResponse, Response

from billing.inbox.queries import count_waiting
from billing.payments.queries import count_held, count_undecided
from billing.platform.database import UNAVAILABLE
from billing.platform.heartbeat import read_beats
from billing.platform.problems import ServiceUnavailable
from billing.refunds.queries import count_open
from billing.routes.context import context_of
from billing.seals.queries import last_seal

router = APIRouter(include_in_schema=False)
_MIGRATED = text("SELECT version_num FROM alembic_version")


@router.get("/health/live")
async def live() -> Response:
    return JSONResponse({"status": "ok"})


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    try:
        async with asyncio.timeout(3), context_of(request).database.read() as session:
            row = await session.first(_MIGRATED)
    except (*UNAVAILABLE, asyncpg.PostgresError):
        raise ServiceUnavailable("the database or its tables are missing") from None
    wanted = request.app.state.migration_head
    if row is None or row["version_num"] != wanted:
        raise ServiceUnavailable(f"migration {wanted} is missing: run `billing migrate`")
    return JSONResponse({"status": "ok"})


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    context = context_of(request)
    async with context.database.read() as session:
        undecided, oldest = await count_undecided(session)
        held = await count_held(session)
        refunds = await count_open(session)
        waiting = await count_waiting(session)
        beats = await read_beats(session)
        seal = await last_seal(session)
    registry = CollectorRegistry()
    now = context.clock.now()
    _gauge(registry, "billing_undecided_open", "Payments the provider has not decided", undecided)
    _gauge(registry, "billing_undecided_oldest_seconds", "Age of the oldest", _age(oldest, now))
    _gauge(registry, "billing_held_open", "Payments held until a person decides", held)
    going, since = refunds.open, refunds.oldest
    _gauge(registry, "billing_refunds_open", "Refunds the provider has not ended", going)
    _gauge(registry, "billing_refunds_oldest_seconds", "Age of the oldest", _age(since, now))
    _gauge(
        registry, "billing_refunds_held_open", "Refunds held until a person decides", refunds.held
    )
    _gauge(registry, "billing_inbox_depth", "Notifications waiting to be worked on", waiting)
    sealed_until = 0.0 if seal is None else seal.limits.ends_at.timestamp()
    _gauge(registry, "billing_sealed_until_seconds", "End of the last sealed day", sealed_until)
    alone = float(not context.gateway.may_ask(1))
    _gauge(registry, "billing_provider_left_alone", "1: this process makes no calls", alone)
    last_tick = Gauge(
        "billing_worker_last_tick_seconds",
        "When each loop last went round",
        ["loop"],
        registry=registry,
    )
    for name, at in beats.items():
        last_tick.labels(name).set(at.timestamp())
    body = generate_latest(registry) + generate_latest(context.metrics.registry)
    return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")


def _gauge(registry: CollectorRegistry, name: str, text_: str, value: float) -> None:
    Gauge(name, text_, registry=registry).set(value)


def _age(since: datetime | None, now: datetime) -> float:
    return 0 if since is None else max(0, (now - since).total_seconds())
