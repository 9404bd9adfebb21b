"""One ECS JSON object a line on stdout, the same for our code, gunicorn and the libraries.

Bodies, query strings and headers are never logged: they carry passwords and tokens.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import ecs_logging
import structlog
from gunicorn.glogging import Logger as GunicornBaseLogger

from auth.platform.log_fields import keep_fields

SERVICE_NAME = "auth"


def _name_the_service(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    event.setdefault("service.name", SERVICE_NAME)
    level = event.pop("level", None)
    if level is not None:
        event["log.level"] = level
    logger = event.pop("logger", None)
    if logger is not None:
        event["log.logger"] = logger
    return event


def configure_logs(level: str = "INFO") -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _name_the_service,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ecs: Any = ecs_logging.StructlogFormatter(ensure_ascii=False)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            pass_foreign_args=True,
            processors=[
                keep_fields,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                ecs,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel("WARNING")


class GunicornLogger(GunicornBaseLogger):  # type: ignore[misc]
    """gunicorn's messages through our one handler, and no access log of its own."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.loglevel = logging.INFO
        self._access_log_enabled = False
        self.error_log.handlers = []
        self.error_log.propagate = True
        self.error_log.setLevel(self.loglevel)
        self.access_log.handlers = []

    def access(self, *_request: Any) -> None:
        """Ours is in routes/hooks.py and names no secrets."""
