"""What a seal covers and how it is hashed. Pure.

Seal n covers the journals dated before the end of its day and made by a transaction below its
horizon, without those that seal n-1 covers. Both limits only grow, so each journal is under exactly
one seal, and one that came late (a clock set back, a slow commit) is under the next.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Moscow")
# Before the first seal: nothing is covered.
NOTHING = bytes(32)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Limits:
    """Journals with `at` below `ends_at` and `made_by` below `horizon`."""

    ends_at: datetime
    horizon: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the journals that a seal covers. `late`: those dated before its day; `totals`: sums of
    absolute amounts by currency, minor units; `digest`: SHA-256 over all of them in order of id.
    """

    journals: int
    late: int
    postings: int
    totals: dict[str, int]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    day: date
    limits: Limits
    journals: int
    late: int
    postings: int
    totals: dict[str, int]
    previous: bytes
    hash: bytes


BEFORE_ALL = Limits(LONG_AGO, 0)


def day_of(instant: datetime) -> date:
    return instant.astimezone(ZONE).date()


def end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)


def make_seal(day: date, limits: Limits, figures: Figures, previous: bytes) -> Seal:
    spelled = json.dumps(
        [
            day.isoformat(),
            int(limits.ends_at.timestamp()),
            limits.horizon,
            figures.journals,
            figures.late,
            figures.postings,
            sorted(figures.totals.items()),
        ],
        separators=(",", ":"),
    )
    made = hashlib.sha256(previous + spelled.encode() + figures.digest).digest()
    return Seal(
        day,
        limits,
        figures.journals,
        figures.late,
        figures.postings,
        figures.totals,
        previous,
        made,
    )


def disagreement(kept: Seal, before: Seal | None, figures: Figures) -> str | None:
    """What is wrong with a seal, the one before it and what stands in the books being as they are.

    The kept seal before is taken at its word, so that one broken day is not all days after it.
    """
    if before is not None and kept.day != before.day + timedelta(days=1):
        return "days before it have no seal"
    if kept.previous != (NOTHING if before is None else before.hash):
        return "it does not follow the seal before it"
    counts = (
        (kept.journals, figures.journals, "journals"),
        (kept.postings, figures.postings, "postings"),
    )
    for sealed, found, what in counts:
        if sealed != found:
            return f"{sealed} {what} were sealed, {found} stand there"
    if (kept.totals, kept.late) != (figures.totals, figures.late):
        return "the sums are others"
    if kept != make_seal(kept.day, kept.limits, figures, kept.previous):
        return "the hash is another"
    return None
