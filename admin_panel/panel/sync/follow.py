"""Following one feed: poll, apply, repeat; when anything fails, wait longer each time and go on."""

import random
import threading

import structlog
from django.db import Error as DatabaseFailure
from django.db import close_old_connections, connection

from panel.sync import cursors
from panel.sync.apply import apply_page
from panel.sync.feed import WAIT_SECONDS, Feed, FeedError

log = structlog.get_logger("panel.sync")
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0


def follow_once(feed: Feed, wait: int = 0) -> bool:
    """One poll and one transaction; True while there is more to read at once."""
    position = cursors.read(feed.name)
    page = feed.fetch(position, wait)
    mine = apply_page(feed.name, position, page)
    return page.full or not mine


def catch_up(feed: Feed, stop: threading.Event) -> None:
    """Read to the end, then return."""
    while not stop.is_set() and follow_once(feed):
        continue


def follow_forever(feed: Feed, stop: threading.Event) -> None:
    """Until told to stop. No transaction is open while a poll hangs."""
    pause, wait = FIRST_PAUSE_SECONDS, 0
    while not stop.is_set():
        try:
            wait = 0 if follow_once(feed, wait) else WAIT_SECONDS
            pause = FIRST_PAUSE_SECONDS
        except Exception as error:  # a thread that died would be a feed nobody follows
            log.warning(
                "a feed cannot be followed",
                feed=feed.name,
                retry_seconds=pause,
                error=error,
                # Where it came from is only news when nobody expected it.
                exc_info=not isinstance(error, FeedError | DatabaseFailure),
            )
            _tell(feed.name, str(error))
            stop.wait(pause * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads retries
            pause, wait = min(pause * 2, LONGEST_PAUSE_SECONDS), 0
    connection.close()


def _tell(name: str, error: str) -> None:
    """Note the failure where people see it; when the database itself is down there is no where."""
    try:
        close_old_connections()
        cursors.failed(name, error[:500])
    except DatabaseFailure:
        connection.close()
