"""Burning and giving back promotional money against an oracle that counts single kopecks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.promo.rules import Grant, Part, burn, expired, give_back

START = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = 10_000


@st.composite
def grants(draw):
    """Few days and small sums, so that equal ends and empty grants are met often."""
    days = draw(st.lists(st.none() | st.integers(1, 4), max_size=6))
    return [
        Grant(
            UUID(int=number),
            draw(st.integers(0, 9)),
            None if day is None else START + timedelta(days=day),
        )
        for number, day in enumerate(days)
    ]


def kopecks(some: list[Grant]) -> list[UUID]:
    """Each kopeck by the grant it lies in, in the order in which they are spent."""

    def place(grant):
        end = NEVER if grant.expires_at is None else (grant.expires_at - START).days
        return end, grant.id

    return [grant.id for grant in sorted(some, key=place) for _ in range(grant.rest_minor)]


def spread(parts: list[Part]) -> list[UUID]:
    return [part.grant_id for part in parts for _ in range(part.minor)]


@given(grants(), st.data())
def test_the_kopecks_that_end_soonest_are_burned(some, data):
    there = kopecks(some)
    minor = data.draw(st.integers(0, len(there)))
    parts = burn(some, minor)
    assert spread(parts) == there[:minor]
    assert all(part.minor > 0 for part in parts)


@given(grants(), st.data())
def test_what_comes_back_lasts_longest_and_no_more_comes_back_than_was_burned(some, data):
    there = kopecks(some)
    burned = data.draw(st.integers(0, len(there)))
    uses = used(some, burn(some, burned))
    left = burned
    for _ in range(3):
        back = data.draw(st.integers(0, left))
        parts = give_back(uses, back)
        assert sorted(spread(parts)) == sorted(there[left - back : left])
        uses, left = taken(uses, parts), left - back
    with pytest.raises(ValueError, match="hold less"):
        give_back(uses, left + 1)


@given(grants(), st.data())
def test_what_is_burned_and_given_back_whole_leaves_each_grant_as_it_was(some, data):
    minor = data.draw(st.integers(0, len(kopecks(some))))
    parts = burn(some, minor)
    assert sorted(spread(give_back(used(some, parts), minor))) == sorted(spread(parts))


@given(grants())
def test_more_than_the_grants_hold_is_a_bug(some):
    with pytest.raises(ValueError, match="hold less"):
        burn(some, len(kopecks(some)) + 1)


@given(grants(), st.integers(0, 5))
def test_a_grant_is_over_at_its_end_and_one_without_an_end_never(some, day):
    now = START + timedelta(days=day)
    over = {grant.id for grant in expired(some, now)}
    for grant in some:
        assert (grant.id in over) == (grant.expires_at is not None and grant.expires_at <= now)


def used(some: list[Grant], parts: list[Part]) -> list[Grant]:
    ends = {grant.id: grant.expires_at for grant in some}
    return [Grant(part.grant_id, part.minor, ends[part.grant_id]) for part in parts]


def taken(uses: list[Grant], parts: list[Part]) -> list[Grant]:
    gone = {part.grant_id: part.minor for part in parts}
    return [replace(use, rest_minor=use.rest_minor - gone.get(use.id, 0)) for use in uses]
