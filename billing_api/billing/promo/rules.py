"""Which grant a debit burns, and which one gets it back. Pure.

A grant that ends sooner is burned first, one without an end last; money coming back goes the other
way, to the grant that lasts longest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    id: UUID
    rest_minor: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """So much of this grant, in minor units."""

    grant_id: UUID
    minor: int


def _order(grant: Grant) -> tuple[datetime, UUID]:
    return grant.expires_at or _NEVER, grant.id


def expired(grants: Iterable[Grant], now: datetime) -> list[Grant]:
    return [grant for grant in grants if grant.expires_at is not None and grant.expires_at <= now]


def burn(grants: Iterable[Grant], minor: int) -> list[Part]:
    """`rest_minor` is what may be burned. Raises ValueError where the grants hold less: a bug."""
    return _take(sorted(grants, key=_order), minor)


def give_back(uses: Iterable[Grant], minor: int) -> list[Part]:
    """`rest_minor` is what may still come back to each."""
    return _take(sorted(uses, key=_order, reverse=True), minor)


def _take(ordered: Sequence[Grant], minor: int) -> list[Part]:
    parts = []
    for grant in ordered:
        taken = min(grant.rest_minor, minor)
        if taken:
            parts.append(Part(grant.id, taken))
            minor -= taken
    if minor:
        raise ValueError("the grants hold less than the balance says")
    return parts
