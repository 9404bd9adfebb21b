"""Attempts at the provider: each has its own idempotence key, and when to make the next. Pure.

A key is good for 24 hours at the provider; after that the same key makes a second payment. So a
repeat is made for 23 hours at most, and after that the payment is only looked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

KEY_WINDOW = timedelta(hours=23)
# By how much the clocks of our own machines may differ.
CLOCK_SKEW_MAX = timedelta(minutes=5)
# Before this age "not in the list" is no proof: the provider may show a late creation.
LOOKUP_UNTIL = timedelta(hours=25)
LOOKUP_PAUSE = timedelta(minutes=30)
# Spread, the longest is still less than five minutes.
PAUSES_SECONDS = (5, 15, 60, 120, 180, 240)
SPREAD = 0.2
PAUSE_MAX = timedelta(hours=1)


class AttemptKind(StrEnum):
    CREATE = "create"
    CAPTURE = "capture"  # of held money, whole or a part
    CANCEL = "cancel"  # of held money only: the provider ends an unpaid payment by itself
    REFUND = "refund"  # of money taken; many a payment, each with attempts of its own


class AttemptState(StrEnum):
    SENT = "sent"  # the call runs, or its process died: the lease tells
    UNKNOWN = "unknown"  # to be repeated with the same key and bytes
    LOOKUP = "lookup"  # never repeated again, only looked for
    WAITING = "waiting"  # refused for the moment; a new attempt follows
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"  # looked for and certainly not there


@dataclass(frozen=True, slots=True)
class Attempt:
    id: UUID
    payment_id: UUID
    number: int
    body: bytes
    state: AttemptState
    sends: int
    created_at: datetime
    kind: AttemptKind = AttemptKind.CREATE
    refund_id: UUID | None = None


def pause_after(sends: int) -> timedelta:
    place = min(max(sends, 1), len(PAUSES_SECONDS)) - 1
    return timedelta(seconds=PAUSES_SECONDS[place])


def spread(pause: timedelta, attempt_id: UUID) -> timedelta:
    """Up to a fifth longer, by the id's random end: what failed together does not return so."""
    return pause * (1 + SPREAD * (attempt_id.int % 1000) / 1000)


def key_is_fresh(attempt: Attempt, now: datetime) -> bool:
    """Not where a clock was set back since: nobody knows how old such a key really is."""
    return -CLOCK_SKEW_MAX < now - attempt.created_at < KEY_WINDOW
