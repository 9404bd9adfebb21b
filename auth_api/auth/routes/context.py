"""What the root wired for the routes, and what each request knows about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import current_app, g, request

from auth.audit.rules import Origin, clean_user_agent
from auth.keys.keyring import Keyring
from auth.platform.clock import Clock
from auth.platform.database import Database
from auth.platform.hashing import PasswordPool
from auth.platform.tokens import Tokens
from auth.platform.waiting import Waiters
from auth.throttle.rules import Limits

EXTENSION = "auth"


@dataclass(slots=True)
class Services:
    database: Database
    clock: Clock
    passwords: PasswordPool
    tokens: Tokens
    keyring: Keyring
    waiters: Waiters
    limits: Limits
    refresh_grace: timedelta
    migration_head: str | None


def services() -> Services:
    return cast("Services", current_app.extensions[EXTENSION])


def request_id() -> str:
    return cast("str", g.get("request_id", "unknown"))


def origin() -> Origin:
    return Origin(
        address=request.remote_addr,
        request_id=request_id(),
        user_agent=clean_user_agent(request.headers.get("User-Agent")),
    )
