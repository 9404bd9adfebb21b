"""The parts that the API, the worker and the operator's command share."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pydantic import ValidationError

from billing.gateway.breaker import Breaker
from billing.gateway.yookassa.client import YooKassaGateway
from billing.gateway.yookassa.connection import YooKassaAccount
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.log_fields import log_uncaught, refused_settings
from billing.platform.logs import configure_logs
from billing.settings import Settings, load_settings

logger = structlog.get_logger("billing.start")


def make_clock(settings: Settings) -> SystemClock:
    return SystemClock(settings.clock_file)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.billing_database_url)
    try:
        yield database
    finally:
        await database.close()


def make_gateway(settings: Settings) -> YooKassaGateway:
    return YooKassaGateway(
        YooKassaAccount(
            api_url=settings.yookassa_api_url.rstrip("/"),
            shop_id=settings.yookassa_shop_id,
            secret_key=settings.yookassa_secret_key,
            accepts_test=settings.accepts_test,
            ca_file=settings.yookassa_ca_file,
        ),
        Breaker(settings.breaker_opens_after, settings.breaker_pause_seconds),
    )


def start_logs(service: str) -> Settings:
    """The settings of a process, whose refusal is a line of its log too; ends it then."""
    configure_logs(service)
    log_uncaught()
    try:
        settings = load_settings()
    except ValidationError as error:
        logger.critical("settings are refused", **{"error.message": refused_settings(error)})
        sys.exit(1)
    configure_logs(service, settings.log_level)
    return settings
