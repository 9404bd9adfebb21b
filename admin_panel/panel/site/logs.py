"""One ECS JSON object a line on stdout, the same for our code, Django and gunicorn."""

from typing import Any

import ecs_logging
import structlog

from panel.site.log_fields import keep_fields

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
]


def _to_ecs(_logger: object, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """structlog's names to ECS's, plus the name of this service."""
    event["log.level"] = event.pop("level", "info")
    event["log.logger"] = event.pop("logger", "panel")
    event.setdefault("service.name", "admin")
    return event


def configure_structlog() -> None:
    """Our own loggers hand their events to the standard library, where they are rendered."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def logging_config(level: str = "INFO") -> dict[str, Any]:
    """For Django's LOGGING and gunicorn's logconfig_dict alike."""
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [
            structlog.stdlib.add_logger_name,
            *_SHARED,
        ],
        "pass_foreign_args": True,
        "processors": [
            _to_ecs,
            keep_fields,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            ecs_logging.StructlogFormatter(ensure_ascii=False),
        ],
    }
    handler = {
        "class": "logging.StreamHandler",
        "stream": "ext://sys.stdout",
        "formatter": "ecs",
    }
    # The access line is ours (panel.site.requests), so the servers' own stay silent.
    loggers = {
        "django": {"level": level, "handlers": ["stdout"], "propagate": False},
        "django.server": {"level": "WARNING", "handlers": ["stdout"], "propagate": False},
        "gunicorn.error": {"level": level, "handlers": ["stdout"], "propagate": False},
        "gunicorn.access": {"level": "ERROR", "handlers": ["stdout"], "propagate": False},
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"ecs": formatter},
        "handlers": {"stdout": handler},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": loggers,
    }
