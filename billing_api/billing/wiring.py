"""What the processes are made of, from settings; used by the roots only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from billing.gateway.yookassa.client import YooKassaAccount, YooKassaGateway
from billing.platform.clock import SystemClock
from billing.platform.database import Database
from billing.platform.key_source import KeySource
from billing.platform.logs import configure_logs
from billing.platform.tokens import TokenVerifier
from billing.platform.wakeups import Waker
from billing.routes import balances, changes, health, notifications, payments
from billing.routes.context import Context, NotificationTerms, PaymentTerms, make_metrics
from billing.routes.documentation import add_documentation_policy
from billing.routes.pages import router as pages
from billing.routes.rendering import add_renderers
from billing.routes.request_scope import RequestScope
from billing.settings import Settings

ALEMBIC_INI = Path(__file__).resolve().parents[1] / "alembic.ini"
ROUTERS = (
    payments.router,
    balances.router,
    changes.router,
    notifications.router,
    health.router,
    pages,
)


def make_clock(settings: Settings) -> SystemClock:
    return SystemClock(settings.clock_file)


def make_database(settings: Settings) -> Database:
    return Database(settings.billing_database_url)


def make_gateway(settings: Settings) -> YooKassaGateway:
    return YooKassaGateway(
        YooKassaAccount(
            api_url=settings.yookassa_api_url.rstrip("/"),
            shop_id=settings.yookassa_shop_id,
            secret_key=settings.yookassa_secret_key,
            accepts_test=settings.accepts_test,
            ca_file=settings.yookassa_ca_file,
        )
    )


def start_logs(settings: Settings, service: str) -> None:
    configure_logs(service, settings.log_level)


def migration_config(url: str) -> Config:
    config = Config(str(ALEMBIC_INI))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migration_head() -> str:
    return ScriptDirectory.from_config(Config(str(ALEMBIC_INI))).get_current_head() or ""


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            context = await _open_context(settings, stack)
            app.state.context = context
            app.state.database = context.database
            app.state.gateway = context.gateway
            app.state.clock = context.clock
            yield

    app = FastAPIOffline(
        title="Billing",
        version="1",
        description="Payments, balances and the change feed.",
        docs_url="/app/openapi",
        redoc_url=None,
        openapi_url="/app/openapi.json",
        static_url="/app/static",
        swagger_ui_oauth2_redirect_url="/app/openapi/oauth2-redirect",
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.stopping = asyncio.Event()
    app.state.migration_head = migration_head()
    for router in ROUTERS:
        app.include_router(router)
    add_renderers(app)
    add_documentation_policy(app)
    app.add_middleware(RequestScope)
    return app


async def _open_context(settings: Settings, stack: AsyncExitStack) -> Context:
    database = make_database(settings)
    stack.push_async_callback(database.close)
    gateway = await stack.enter_async_context(make_gateway(settings))
    waker = await stack.enter_async_context(Waker(settings.billing_database_url))
    clock = make_clock(settings)
    low, high = settings.payment_limits
    return Context(
        database=database,
        gateway=gateway,
        clock=clock,
        tokens=TokenVerifier(
            KeySource(settings.auth_jwks_url),
            clock,
            issuer=settings.issuer,
            audience=settings.token_audience,
        ),
        waker=waker,
        payments=PaymentTerms(
            low, high, settings.return_hosts, f"{settings.base_url}/pay/return/{{id}}"
        ),
        notifications=NotificationTerms(
            settings.notification_secret,
            settings.networks,
            enforce=settings.notification_source_check == "enforce",
        ),
        metrics=make_metrics(),
    )
