"""A key's answer is kept for longer than anybody repeats a request, and then forgotten."""

import pytest
from sqlalchemy import text

from billing.flows.prune_leftovers import KEYS_KEPT, prune_leftovers

_AGE = text("""
    UPDATE idempotency_keys SET created_at = created_at - make_interval(hours => :hours)
    WHERE caller = :caller
""")


@pytest.mark.parametrize(("hours", "kept"), [(72, True), (30 * 24 - 1, True), (30 * 24 + 1, False)])
async def test_an_answer_is_replayed_for_days(database, clock, purse, customer, hours, kept):
    await purse.fund(1000)
    first = await purse.charge(100, key="the-key")
    async with database.begin() as session:
        await session.run(_AGE, {"hours": hours, "caller": customer})
    await prune_leftovers(database, clock)
    again = await purse.charge(100, key="the-key")
    assert again.replayed is kept
    assert (again.answer == first.answer) is kept
    assert (await purse.parts())[0] == (900 if kept else 800)


def test_it_is_kept_for_three_days_at_least():
    assert KEYS_KEPT.total_seconds() >= 72 * 3600
