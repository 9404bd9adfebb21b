"""One log format for our code and every library: ECS JSON lines on stdout, request id in each."""

import logging
import sys
from typing import Any

import structlog
from ecs_logging import StructlogFormatter
from structlog.typing import EventDict, WrappedLogger

from billing.platform.log_fields import keep_fields

NOISY = ("asyncio", "aiohttp.access", "pgqueuer", "alembic.runtime.migration")


def configure_logs(service: str, level: str = "INFO") -> None:
    """Idempotent; routes the root logger and uvicorn's through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        _to_ecs(service),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    ecs: Any = StructlogFormatter(ensure_ascii=False)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            pass_foreign_args=True,
            processors=[
                _set_level,
                keep_fields,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                ecs,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _to_ecs(service: str) -> Any:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["service.name"] = service
        logger = event.pop("logger", None)
        if logger:
            event["log.logger"] = logger
        return event

    return add


def _set_level(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    event["log.level"] = record.levelname.lower()
    return event
