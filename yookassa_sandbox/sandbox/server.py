"""uvicorn, with a way to cut a connection and to hear of the end in time."""

import asyncio
import socket
import struct
from types import FrameType
from typing import Any, cast

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.settings import Settings

_KEEP_ALIVE = 75  # over nginx's 60 s, so that no request meets a socket that is being closed
_DRAIN = 8
_GOODBYE = 0.5
_TRANSPORT = "sandbox.transport"


class Protocol(HttpToolsProtocol):
    """Shows the application its own connection."""

    def on_message_begin(self) -> None:
        """A new request: uvicorn has just made its scope."""
        super().on_message_begin()
        cast("Scope", self.scope)[_TRANSPORT] = self.transport

    def shutdown(self) -> None:
        """The process ends: an idle client that never reads would not finish the TLS good-bye."""
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(_GOODBYE, self.transport.abort)

    def on_response_complete(self) -> None:
        """Likewise for the last answer on a connection."""
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(_GOODBYE, self.transport.abort)


class Server(uvicorn.Server):
    """Tells held requests to let go as soon as the process is asked to stop."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal handler: the loop may be asleep."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


def make_server(app: Any, settings: Settings, stopping: asyncio.Event) -> Server:
    """On this machine's own address only."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=settings.port,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_DRAIN,
        ssl_certfile=settings.tls_cert or None,
        ssl_keyfile=settings.tls_key or None,
        proxy_headers=False,
        backlog=2048,
    )
    return Server(config, stopping)


def reset_connection(scope: Scope) -> None:
    """RST, not FIN: what a crash or a firewall does."""
    transport = scope[_TRANSPORT]
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
