"""Every secret in every place of a request, at every address."""

import base64
import itertools
import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from log_parts.canaries import CVC

TOO_LARGE = 70_000


def spray(
    http: httpx.Client, targets: Sequence[tuple[str, str]], secrets: Mapping[str, str]
) -> int:
    """How many requests were answered, whatever the answer was."""
    answered = 0
    turn = itertools.cycle(secrets.values())
    for method, path in targets:
        in_paths = [next(turn) for _ in range(3)]
        for request in _requests(method, path, secrets, in_paths):
            with suppress(httpx.TransportError):
                http.request(**request)
                answered += 1
    return answered


def _requests(
    method: str, path: str, secrets: Mapping[str, str], in_paths: list[str]
) -> Iterator[dict[str, Any]]:
    fields = {**secrets, "cvc": CVC}
    values = list(secrets.values())
    call = {"method": method, "url": path}
    yield call | {"params": fields}
    for secret in in_paths:
        yield call | {"url": f"{path.rstrip('/')}/{quote(secret, safe='')}"}
    for headers in _headers(values):
        yield call | {"headers": headers}
    if method == "GET":
        return
    yield call | {"json": fields}
    yield call | {"json": {value: name for name, value in fields.items()}}
    yield call | {"json": [[value] for value in values]}
    yield call | {"data": fields}
    yield call | _body(json.dumps(fields)[:-1], "application/json")
    yield call | _body(json.dumps(fields), "text/plain; charset=" + quote(values[0]))
    yield call | _body(b"\xff\xfe" + json.dumps(fields).encode(), "application/json")
    yield call | _body(json.dumps(fields | {"long": "x" * TOO_LARGE}), "application/json")


def _body(content: str | bytes, kind: str) -> dict[str, Any]:
    return {"content": content, "headers": {"Content-Type": kind}}


def _headers(values: list[str]) -> Iterator[dict[str, str]]:
    """All of them in a few requests: a header's size is limited."""
    names = ("Cookie", "Referer", "User-Agent", "Origin", "Idempotency-Key", "X-Api-Key")
    for value in values:
        pair = base64.b64encode(f"somebody:{value}".encode()).decode()
        yield {
            "Authorization": f"Basic {pair}" if len(value) % 2 else f"Bearer {value}",
            **dict.fromkeys(names, f"sessionid={value}"),
            "X-Forwarded-For": value, "X-Forwarded-Host": f"{quote(value, safe='')}.test",
            "Accept-Language": value, "Idempotence-Key": value,
        }  # fmt: skip


def garble(port: int, secrets: Mapping[str, str], tls: ssl.SSLContext | None) -> int:
    """What no HTTP client sends, on a connection each; gives how many were made."""
    made = 0
    for secret in secrets.values():
        quoted = quote(secret)
        for text in (
            f"{secret}\r\n\r\n",
            f"GET /{secret} HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
            f"GET /?{quoted} HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon {secret}\r\n\r\n",
            f"GET /?{quoted} HTTP/1.1\r\nHost: {secret}\r\nBad Name: {secret}\r\n\r\n",
            f"{quoted} / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            f"POST /{quoted} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {secret}\r\n\r\n",
            f"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{secret}\r\n",
        ):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as plain:
                plain.settimeout(0.5)
                with tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain as wire:
                    wire.sendall(text.encode())
                    made += 1
                    wire.recv(65536)
    return made
