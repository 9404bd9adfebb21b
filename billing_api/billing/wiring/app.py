"""The HTTP application: its parts opened in order, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from billing.platform.key_source import KeySource
from billing.platform.tokens import TokenVerifier
from billing.platform.wakeups import Waker
from billing.routes import (
    adjustments,
    balances,
    changes,
    charges,
    health,
    holds,
    notifications,
    payment_actions,
    payments,
    refunds,
    review,
    statements,
)
from billing.routes.context import (
    AdjustmentTerms,
    Context,
    NotificationTerms,
    PaymentTerms,
    make_metrics,
)
from billing.routes.documentation import add_documentation_policy, describe_application
from billing.routes.pages import router as pages
from billing.routes.rendering import add_renderers
from billing.routes.request_scope import RequestScope
from billing.settings import Settings
from billing.wiring.parts import make_clock, make_gateway, open_database

DESCRIPTION = """
Войдите через `POST /auth/api/v1/login`, скопируйте `access_token` и вставьте его в **Authorize**.
Ошибки: RFC 9457, `application/problem+json`; номер запроса в `X-Request-ID`.

Log in with `POST /auth/api/v1/login`, copy the `access_token` and paste it into **Authorize**.
Errors are RFC 9457, `application/problem+json`; the request's number is in `X-Request-ID`.
"""
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"
ROUTERS = (
    payments.router,
    payment_actions.router,
    refunds.router,
    balances.router,
    charges.router,
    holds.router,
    adjustments.router,
    statements.router,
    review.router,
    changes.router,
    notifications.router,
    health.router,
    pages,
)


def migration_head() -> str:
    """The newest migration by its file's number: asking Alembic would cost its memory."""
    return max(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


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
        title="Платежи и баланс · Payments and balances",
        version="1",
        description=DESCRIPTION,
        docs_url="/app/openapi",
        redoc_url=None,
        openapi_url="/app/openapi.json",
        static_url="/app/static",
        swagger_ui_oauth2_redirect_url="/app/openapi/oauth2-redirect",
        lifespan=lifespan,
        # An empty id is an unknown id, not a reason to send the caller elsewhere.
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.stopping = asyncio.Event()
    app.state.migration_head = migration_head()
    for router in ROUTERS:
        app.include_router(router)
    add_renderers(app)
    describe_application(app)
    add_documentation_policy(app)
    app.add_middleware(RequestScope)
    return app


async def _open_context(settings: Settings, stack: AsyncExitStack) -> Context:
    database = await stack.enter_async_context(open_database(settings))
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
        adjustments=AdjustmentTerms(*settings.adjustment_limits),
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
