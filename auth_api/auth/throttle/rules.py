"""When a try is one too many. Pure.

A source's window slides: the last minute's tries count by the part of it that is still within sixty
seconds. A name's delay grows with failures in a row and ends by itself; there is no lock that only
an operator can open, for anybody could close it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from auth.platform.problems import TooManyRequests

WINDOW_SECONDS = 60
FORGET_FAILURES_AFTER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Limits:
    registrations_per_minute: int = 60
    logins_per_minute: int = 120
    failures_free: int = 5
    delay_max_seconds: int = 60


def source_of(address: str | None) -> str:
    """One customer of a network often has a whole IPv6 /64, and tries from all of it count."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def minute_of(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_SECONDS


def share_before(now: datetime) -> float:
    """How much of the minute before is still within the last sixty seconds."""
    return 1 - (now.timestamp() % WINDOW_SECONDS) / WINDOW_SECONDS


def seconds_until_free(hits: int, before: int, limit: int, now: datetime) -> float:
    """When the next try is within the limit, if nobody tries meanwhile."""
    elapsed = now.timestamp() % WINDOW_SECONDS
    if hits + 1 <= limit:
        return WINDOW_SECONDS * (1 - (limit - hits - 1) / max(before, 1)) - elapsed
    return WINDOW_SECONDS - elapsed + WINDOW_SECONDS * (1 - (limit - 1) / max(hits, 1))


def delay_after(failures: int, limits: Limits) -> timedelta | None:
    """1, 2, 4 ... seconds once the free failures are used up."""
    beyond = failures - limits.failures_free
    if beyond < 0:
        return None
    return timedelta(seconds=min(2.0 ** min(beyond, 30), limits.delay_max_seconds))


def too_many(seconds: float) -> TooManyRequests:
    pause = max(1, math.ceil(seconds))
    return TooManyRequests("Too many tries; come back later.", headers={"Retry-After": str(pause)})


def check_pause(until: datetime | None, now: datetime) -> None:
    """Raises TooManyRequests as long as a pause after failures lasts.

    Not inside a transaction that counts a try: the count would be rolled back.
    """
    if until is not None and until > now:
        raise too_many((until - now).total_seconds())


def hash_change(account_id: UUID) -> bytes:
    """Guesses at the current password have a count of their own: they come with a token of the
    account, and who has none must not be able to stop its owner from changing the password."""
    return hashlib.sha256(b"change\0" + account_id.bytes).digest()


def hash_client(client_id: str, source: str) -> bytes:
    """Guesses at a program's secret are counted where they come from: its id is no secret, and
    whoever knows it must not be able to keep the program itself out."""
    return hashlib.sha256(f"client\0{client_id}\0{source}".encode()).digest()


def hash_name(folded: str) -> bytes:
    """Names are kept as hashes: people type passwords into the name field."""
    return hashlib.sha256(folded.encode()).digest()
