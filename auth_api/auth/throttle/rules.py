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


def check_rate(hits: int, before: int, limit: int, now: datetime) -> None:
    """Raises TooManyRequests."""
    elapsed = now.timestamp() % WINDOW_SECONDS
    if hits + before * (1 - elapsed / WINDOW_SECONDS) > limit:
        raise too_many(WINDOW_SECONDS - elapsed)


def delay_after(failures: int, limits: Limits) -> timedelta | None:
    """1, 2, 4 ... seconds once the free failures are used up."""
    beyond = failures - limits.failures_free
    if beyond < 0:
        return None
    return timedelta(seconds=min(2.0 ** min(beyond, 30), limits.delay_max_seconds))


def too_many(seconds: float) -> TooManyRequests:
    pause = max(1, math.ceil(seconds))
    return TooManyRequests("Too many tries; come back later.", headers={"Retry-After": str(pause)})


def hash_name(folded: str) -> bytes:
    """Names are kept as hashes: people type passwords into the name field."""
    return hashlib.sha256(folded.encode()).digest()
