"""Billing's HTTP process."""

import asyncio
from socket import socket

import uvicorn

from billing.wiring.app import create_app
from billing.wiring.parts import start_logs


class _Server(uvicorn.Server):
    """Tells long polls that the process is leaving, so they do not hold it."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)


def main() -> None:
    settings = start_logs("billing")
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=settings.billing_port,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=9,
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
    )
    _Server(config, app.state.stopping).run()


if __name__ == "__main__":
    main()
