"""`admin sync_billing`: billing's mirror followed to the end, built anew, or proved.

`--resync` builds it again from the beginning of the feed while its pages go on showing it;
`--verify` compares it, and the people of auth's feed, with what the services have told: one line a
table and day that differs and exit 1, one line in all and exit 0 where nothing does, exit 2 where
it could not be compared.
"""

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from panel.sync.feed import Feed, FeedError
from panel.sync.follow import catch_up
from panel.sync.parity import Difference, Figures, compare_auth, compare_billing
from panel.sync.rebuild import rebuild
from panel.sync.worker import make_feeds


class Command(BaseCommand):
    """The operator's way to trust, or mend, what the pages show."""

    help = "copy billing's changes into the mirror; --resync builds it anew, --verify proves it"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--resync", action="store_true", help="build it from the beginning")
        parser.add_argument("--verify", action="store_true", help="compare both sides")

    def handle(self, *_args: Any, **options: Any) -> None:
        billing, auth = make_feeds(["billing", "auth"])
        try:
            if options["resync"]:
                reading = rebuild(billing)
                self.stdout.write(f"built anew: {reading.changes} changes, at {reading.position}")
            if options["verify"]:
                self._verify(billing, auth)
            elif not options["resync"]:
                catch_up(billing, threading.Event())
        except FeedError as error:
            raise CommandError(str(error), returncode=2) from error
        finally:
            billing.close()
            auth.close()

    def _verify(self, billing: Feed, auth: Feed) -> None:
        found = (compare_billing(billing), compare_auth(auth))
        differences = [one for parity in found for one in parity.differences]
        for difference in differences:
            self.stdout.write(_line(difference))
        where = " and ".join(parity.position or "the beginning" for parity in found)
        if differences:
            raise CommandError(f"{len(differences)} differences at {where}")
        counts = ", ".join(
            f"{table} {count}" for parity in found for table, count in parity.counts.items()
        )
        self.stdout.write(f"equal at {where}: {counts}")


def _line(difference: Difference) -> str:
    where = f"{difference.table} {difference.day or 'without a day'}"
    return f"{where}: here {_side(difference.here)}; there {_side(difference.there)}"


def _side(figures: Figures | None) -> str:
    if figures is None:
        return "nothing"
    return f"{figures.count} rows, sum {figures.sum}, checksum {figures.checksum}"
