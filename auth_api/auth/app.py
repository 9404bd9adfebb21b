"""Builds the Flask application: the only wiring of auth."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import Migrate
from flask_openapi3.models.info import Info
from flask_openapi3.models.security_scheme import SecurityScheme
from flask_openapi3.models.server import Server
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from auth.keys.keyring import Keyring
from auth.platform.clock import Clock, SystemClock
from auth.platform.database import Database, configure_database, db
from auth.platform.hashing import PasswordPool
from auth.platform.tokens import Tokens
from auth.platform.waiting import Waiters
from auth.routes import (
    accounts,
    changes,
    docs,
    health,
    hooks,
    jwks,
    rendering,
    roles,
    sessions,
    tokens,
)
from auth.routes.bodies import StrictRequest, refuse_invalid
from auth.routes.context import EXTENSION, Services
from auth.settings import MIGRATIONS, Settings
from auth.throttle.rules import Limits

VERSION = "1.0.0"
THREADS = 24
# Of those threads at most this many hash or wait to, and this many hold long polls.
HASH_PLACES = 16
FEED_PLACES = 4
BODY_BYTES_MAX = 64 * 1024

# What the edge strips before a request reaches this service.
PUBLIC_PREFIX = "/auth"

_SECURITY: dict[str, SecurityScheme | dict[str, Any]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "client": {"type": "http", "scheme": "basic", "description": "Client id and secret"},
}
_INFO = Info(
    title="Accounts and tokens",
    version=VERSION,
    description=(
        "Регистрация, вход и токены. Ошибки — RFC 9457, `application/problem+json`.\n\n"
        "Registration, log-in and tokens. Errors are RFC 9457, `application/problem+json`."
    ),
)


class ApiFlask(OpenAPI):
    """flask-openapi3 with our reading of bodies and without the 422 it adds to every route."""

    request_class = StrictRequest

    def generate_spec_json(self) -> None:
        super().generate_spec_json()  # type: ignore[no-untyped-call]
        for item in self.spec_json["paths"].values():
            for operation in item.values():
                invalid = operation["responses"].get(self.validation_error_status, {})
                if "application/json" in invalid.get("content", {}):
                    del operation["responses"][self.validation_error_status]
        self.spec_json["x-problems"] = [
            rendering.describe_problem(kind) for kind in rendering.EVERYWHERE
        ]


def create_app(settings: Settings, keyring: Keyring, clock: Clock | None = None) -> OpenAPI:
    app = ApiFlask(
        "auth",
        info=_INFO,
        servers=[Server(url=PUBLIC_PREFIX)],
        security_schemes=_SECURITY,
        doc_ui=False,
        static_folder=None,
        validation_error_model=rendering.ProblemView,
        validation_error_callback=refuse_invalid,
    )
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    configure_database(app, settings.database_url, pool_size=THREADS)
    app.extensions[EXTENSION] = Services(
        database=Database(),
        clock=clock or SystemClock(),
        passwords=password_pool(settings),
        tokens=Tokens(
            app,
            keyring,
            issuer=settings.token_issuer,
            audiences=settings.token_audiences,
            lifetime_seconds=settings.access_token_seconds,
        ),
        keyring=keyring,
        waiters=Waiters(FEED_PLACES),
        limits=Limits(
            registrations_per_minute=settings.registrations_per_minute,
            logins_per_minute=settings.logins_per_minute,
            failures_free=settings.login_failures_free,
            delay_max_seconds=settings.login_delay_max_seconds,
        ),
        refresh_grace=timedelta(seconds=settings.refresh_grace_seconds),
        migration_head=_migration_head(),
    )
    _add_routes(app)
    # The edge is the only peer (we listen on the loopback) and overwrites these headers.
    app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
        app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1
    )
    return app


def create_operator_app(settings: Settings) -> Flask:
    """The database and its migrations, without keys or routes: for the command line."""
    app = Flask("auth", static_folder=None)
    configure_database(app, settings.database_url, pool_size=2)
    Migrate(app, db, directory=str(MIGRATIONS))
    return app


def password_pool(settings: Settings) -> PasswordPool:
    waiting_max = max(HASH_PLACES - settings.hash_workers, settings.hash_workers)
    return PasswordPool(settings.hash_workers, waiting_max)


def _add_routes(app: OpenAPI) -> None:
    rendering.install(app)
    hooks.install(app)
    for resource in (accounts, sessions, roles, tokens, jwks, changes):
        app.register_api(resource.api)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(health.blueprint)


def _migration_head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()
