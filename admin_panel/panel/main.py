"""Root of the web process: gunicorn with one threaded worker, logs as ECS JSON."""

import logging.config
import os
import sys
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from pydantic import ValidationError

from panel.environment import Environment, read_environment
from panel.site.log_fields import log_uncaught, refused_settings
from panel.site.logs import configure_structlog, logging_config
from panel.site.orphans import end_with_master

log = structlog.get_logger("panel.start")


class PanelServer(BaseApplication):
    """gunicorn told by our settings instead of a command line."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        super().__init__()

    def load_config(self) -> None:
        for key, value in _options(self.environment).items():
            self.cfg.set(key, value)

    def load(self) -> Any:
        from panel.wsgi import application

        return application


def _options(environment: Environment) -> dict[str, Any]:
    return {
        "bind": f"127.0.0.1:{environment.admin_port}",
        "proc_name": "admin",
        "workers": 1,
        "worker_class": "gthread",
        "threads": 8,
        "keepalive": 75,  # longer than nginx's 60 s, or a POST may meet a closed socket
        "timeout": 60,
        "graceful_timeout": 8,
        "post_fork": end_with_master,
        "forwarded_allow_ips": environment.forwarded_allow_ips,
        "logconfig_dict": logging_config(),
        "control_socket_disable": True,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108
    }


def main() -> None:
    """Serve until SIGTERM."""
    logging.config.dictConfig(logging_config())
    configure_structlog()
    log_uncaught()
    try:
        environment = read_environment()
    except ValidationError as fault:
        log.critical("settings are refused", **{"error.message": refused_settings(fault)})
        sys.exit(1)
    PanelServer(environment).run()


if __name__ == "__main__":
    main()
