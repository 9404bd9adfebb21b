"""Serves auth: gunicorn in this process, one worker of threads, on the loopback only.

The slow part of a log-in runs outside the interpreter's lock, so threads are enough; the pool
behind it is bounded by the cores.
"""

from __future__ import annotations

import sys
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from pydantic import ValidationError

from auth.app import THREADS, create_app
from auth.keys.keyring import Keyring
from auth.keys.problems import KeyringError
from auth.keys.rules import MARGIN_SECONDS
from auth.platform.log_fields import log_uncaught, refused_settings
from auth.platform.logs import GunicornLogger, configure_logs
from auth.platform.orphans import end_with_master
from auth.routes.context import EXTENSION, Services
from auth.settings import Settings, load_settings

log = structlog.get_logger("auth.start")
GRACE_SECONDS = 10
# Above the edge's 60 s: the side that sends must be the side that closes.
KEEPALIVE_SECONDS = 75


class Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, app: Any) -> None:
        self._settings = settings
        self._app = app
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"127.0.0.1:{self._settings.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": KEEPALIVE_SECONDS,
            "graceful_timeout": GRACE_SECONDS,
            "timeout": 60,
            "preload_app": True,
            "proc_name": "auth",
            "logger_class": GunicornLogger,
            "forwarded_allow_ips": "127.0.0.1",
            "limit_request_line": 8190,
            "post_fork": end_with_master,
            "post_worker_init": _let_polls_see_the_stop,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app


def load_keyring(settings: Settings) -> Keyring:
    """Raises KeyringError."""
    life = settings.access_token_seconds + MARGIN_SECONDS
    return Keyring.load(settings.signing_key_dir, token_seconds=life)


def _let_polls_see_the_stop(worker: Any) -> None:
    wired: Services = worker.app.callable.extensions[EXTENSION]
    wired.waiters.is_stopping = lambda: not worker.alive


def main() -> None:
    configure_logs()
    log_uncaught()
    try:
        settings = load_settings()
        app = create_app(settings, load_keyring(settings))
    except ValidationError as fault:
        log.critical("settings are refused", **{"error.message": refused_settings(fault)})
        sys.exit(1)
    except KeyringError as fault:
        log.critical("auth cannot start", error=fault)
        sys.exit(1)
    Server(settings, app).run()


if __name__ == "__main__":
    main()
