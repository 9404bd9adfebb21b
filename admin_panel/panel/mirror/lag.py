"""How late the mirror is, and whether a person should worry."""

from dataclasses import dataclass
from datetime import datetime

from panel.mirror.models import FeedCursor, RejectedChange
from panel.site.clock import business_now, now

FEEDS = ("billing", "auth")
POLL_SECONDS = 30
"""A poll hangs 20 s at most; silence beyond this is lag, not patience."""
STALE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class FeedState:
    """What the first page and the health check say about a feed."""

    name: str
    position: str
    lag_seconds: float
    stale: bool
    changes: int
    newest_at: datetime | None
    applied_at: datetime | None
    polled_at: datetime | None
    applied_lag_ms: int | None
    error: str
    rejected: int


def feed_states() -> list[FeedState]:
    """Both feeds, also one that was never polled."""
    cursors = {cursor.name: cursor for cursor in FeedCursor.objects.all()}
    return [_state(name, cursors.get(name)) for name in FEEDS]


def _state(name: str, cursor: FeedCursor | None) -> FeedState:
    if cursor is None:
        cursor = FeedCursor(name=name)
    lag = lag_seconds(cursor)
    silent = cursor.polled_at is None or age(cursor.polled_at, now()) > STALE_SECONDS
    return FeedState(
        name=name,
        position=cursor.position,
        lag_seconds=lag,
        stale=silent or lag > STALE_SECONDS,
        changes=cursor.changes,
        newest_at=cursor.newest_at,
        applied_at=cursor.applied_at,
        polled_at=cursor.polled_at,
        applied_lag_ms=cursor.applied_lag_ms,
        error=cursor.last_error,
        rejected=RejectedChange.objects.filter(feed=name).count(),
    )


def lag_seconds(cursor: FeedCursor) -> float:
    """Read to the end: nothing is missing while polls come back, else the time since the last.

    Not at the end yet: how long ago the newest applied change happened.
    """
    if cursor.caught_up and cursor.polled_at is not None:
        silent = age(cursor.polled_at, now())
        return silent if cursor.last_error or silent > POLL_SECONDS else 0.0
    if cursor.newest_at is not None:
        return age(cursor.newest_at, business_now())
    return 0.0


def age(at: datetime, reference: datetime) -> float:
    """Seconds, never negative: clocks of two services may differ a little."""
    return max(0.0, (reference - at).total_seconds())
