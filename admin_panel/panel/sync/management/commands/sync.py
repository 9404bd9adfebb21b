"""`admin sync`: read both feeds to their ends; `--forever` follows them, `--resync` starts over."""

import threading
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from panel.mirror.lag import FEEDS, feed_states
from panel.sync.feed import Feed, FeedError
from panel.sync.follow import catch_up
from panel.sync.rebuild import rebuild
from panel.sync.worker import make_feeds, run_forever


class Command(BaseCommand):
    """The worker's and the operator's way in."""

    help = "copy changes of billing and auth into the mirror"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="follow until SIGTERM")
        parser.add_argument("--resync", action="store_true", help="build the mirror anew first")
        parser.add_argument("--feed", choices=FEEDS, action="append", help="this one only")

    def handle(self, *_args: Any, **options: Any) -> None:
        names = options["feed"] or list(FEEDS)
        feeds = make_feeds(names)
        work: Callable[[Feed], object] = rebuild if options["resync"] else _follow
        if options["resync"] or not options["forever"]:
            for feed in feeds:
                try:
                    work(feed)
                except FeedError as error:
                    raise CommandError(f"{feed.name}: {error}") from error
        if options["forever"]:
            run_forever(feeds)
            return
        for feed in feeds:
            feed.close()
        for state in feed_states():
            if state.name in names:
                self.stdout.write(f"{state.name}: {state.changes} changes, at {state.position}")


def _follow(feed: Feed) -> None:
    catch_up(feed, threading.Event())
