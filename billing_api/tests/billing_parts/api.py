"""Billing as processes: the handle that tests call it by."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from billing_parts.issuer import Issuer
from billing_parts.processes import NO_TLS
from billing_parts.provider import Sandbox

NOTIFICATION_SECRET = "notification-secret-of-the-tests"


@dataclass(frozen=True)
class Urls:
    """The owner's and the service's address of one migrated database."""

    owner: str
    service: str


@dataclass
class Api:
    """Billing as processes: its address, its sandbox, its log, its clock."""

    url: str
    issuer: Issuer
    sandbox: Sandbox
    urls: Urls
    environment: dict[str, str]
    folder: Path
    hooks: list[Callable[[httpx.Response], None]] = field(default_factory=list)

    def client(
        self, subject: str | None = None, scope: str | None = None, **more: Any
    ) -> httpx.Client:
        headers = {}
        if subject is not None:
            arguments = {} if scope is None else {"scope": scope}
            headers["Authorization"] = f"Bearer {self.issuer.sign(subject, **arguments, **more)}"
        return httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=20,
            verify=NO_TLS,
            event_hooks={"response": self.hooks},
        )

    def notify(self, body: bytes, *, source: str = "127.0.0.53", **more: Any) -> httpx.Response:
        transport = httpx.HTTPTransport(local_address=source, verify=NO_TLS)
        with httpx.Client(transport=transport, base_url=self.url, timeout=20) as client:
            return client.post(f"/api/v1/notification/{NOTIFICATION_SECRET}", content=body, **more)

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(self.urls.owner)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()
