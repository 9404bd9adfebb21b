"""The sync process: a thread a feed, stopped by SIGTERM in less than three seconds."""

import signal
import threading
from collections.abc import Sequence
from types import FrameType

import structlog
from django.conf import settings

from panel.site.log_fields import log_uncaught
from panel.sync.feed import Feed
from panel.sync.follow import follow_forever
from panel.sync.token import ServiceToken

log = structlog.get_logger("panel.sync")
GRACE_SECONDS = 1.5


def make_feeds(names: Sequence[str]) -> list[Feed]:
    """The feeds by name, sharing one service token."""
    token = ServiceToken(
        settings.AUTH_URL, settings.SERVICE_CLIENT_ID, settings.SERVICE_CLIENT_SECRET
    )
    addresses = {"billing": settings.BILLING_URL, "auth": settings.AUTH_URL}
    return [Feed(name, addresses[name], token) for name in names]


def run_forever(feeds: Sequence[Feed]) -> None:
    """Blocks until SIGTERM or SIGINT.

    A thread may be waiting up to 20 s for news; being a daemon it ends with the process, and holds
    no transaction then. One caught while applying a page loses that page's transaction, whose
    cursor has not moved either.
    """
    log_uncaught()
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    threads = [
        threading.Thread(
            target=follow_forever, args=(feed, stop), name=f"feed-{feed.name}", daemon=True
        )
        for feed in feeds
    ]
    for thread in threads:
        thread.start()
    log.info("following the feeds", feed=", ".join(feed.name for feed in feeds))
    while not stop.wait(1.0):
        if not any(thread.is_alive() for thread in threads):
            log.critical("every feed's thread has died")
            raise SystemExit(1)
    for thread in threads:
        thread.join(GRACE_SECONDS / len(threads))
    log.info("stopped")
