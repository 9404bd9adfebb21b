"""`sync_billing --resync` ended by `kill -9` at any page: the mirror stays as it was, and whole."""

import os
import signal
import subprocess
import sys
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from panel.mirror.models import FeedCursor, Journal, JournalLine, Payment

ROWS = 2_500
"""A full page and the rest of another; the end is read again under the cursor's lock: 3 pages."""


def everything() -> list[list[dict]]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Payment, Journal, JournalLine, FeedCursor)
    ]


def start() -> subprocess.Popen[bytes]:
    environment = {**os.environ, "AUTH_URL": settings.AUTH_URL, "BILLING_URL": settings.BILLING_URL}
    return subprocess.Popen(
        [sys.executable, "-m", "panel.manage", "sync_billing", "--resync"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def wrong(neighbour, pull, payment_data):
    """A mirror of many pages in which one amount is wrong, so that an end of resync would show."""
    person = uuid4()
    for _ in range(ROWS):
        neighbour.publish("billing", "payment", uuid4(), 1, payment_data(person))
    pull()
    with connection.cursor() as sql:
        sql.execute(
            "UPDATE mirror_payment SET amount_minor = 1"
            " WHERE id = (SELECT id FROM mirror_payment LIMIT 1)"
        )
    return everything()


@pytest.mark.parametrize("fatal", [1, 2, 3])
def test_a_resync_killed_at_a_page_leaves_the_mirror_as_it_was(wrong, neighbour, fatal):
    asked = []

    def kill_at_the_page() -> None:
        asked.append(1)
        if len(asked) == fatal:
            os.kill(process.pid, signal.SIGKILL)

    neighbour.page_hook = kill_at_the_page
    process = start()
    assert process.wait(30) == -signal.SIGKILL, len(asked)
    neighbour.page_hook = None
    assert everything() == wrong
    assert start().wait(60) == 0
    assert not Payment.objects.filter(amount_minor=1).exists()
    assert Payment.objects.count() == ROWS
