"""Which key signs and which may go. Pure; times are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping

# As long as anybody may cache the key set: what `Cache-Control` of its route promises.
PUBLISH_SECONDS = 300


# Beyond a token's life: clocks differ, and checkers allow for it.
MARGIN_SECONDS = 60


def signing_kid(published_at: Mapping[str, float], now: float) -> str:
    """The newest key known to everybody; where none is yet, the oldest there is."""
    by_age = _by_age(published_at)
    known = [kid for kid in by_age if now - published_at[kid] >= PUBLISH_SECONDS]
    return known[-1] if known else by_age[0]


def outlived_kids(published_at: Mapping[str, float], now: float, token_seconds: float) -> list[str]:
    """Keys whose last token is dead: a newer one has signed for longer than a token lives."""
    by_age = _by_age(published_at)
    signing = [
        place
        for place, kid in enumerate(by_age)
        if now - published_at[kid] > PUBLISH_SECONDS + token_seconds
    ]
    return by_age[: max(signing, default=0)]


def _by_age(published_at: Mapping[str, float]) -> list[str]:
    """Oldest first; of two published together the name decides."""
    return sorted(published_at, key=lambda kid: (published_at[kid], kid))
