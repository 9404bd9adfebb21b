"""The review's list where it is long: a reason is looked for in all of it, piece by piece."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from billing.platform.ids import new_id
from billing.review.queries import PIECE, list_for_review
from billing.review.rules import Kind

MANY = PIECE + 20
_FILL = text("""
    INSERT INTO payments (id, customer_id, status, amount_minor, currency, return_url, undecided,
                          created_at, updated_at, version, quarantine_reason)
    SELECT id, 'somebody', 'pending', 1000, 'RUB', 'https://shop.test/', false, :at, :at, 1,
           CASE WHEN id = ANY(:held) THEN 'amount_mismatch' END
    FROM unnest(CAST(:ids AS uuid[])) AS id
""")


@pytest.fixture
async def queue(own_database, clock):
    """Ids of the held ones, oldest first: at both ends of the queue and at the edge of a piece."""
    ids = [new_id() for _ in range(MANY)]
    held = [ids[0], ids[MANY - PIECE], ids[MANY - PIECE - 1], ids[-1]]
    async with own_database.begin() as session:
        old = clock.now() - timedelta(days=5)
        await session.run(_FILL, {"ids": ids, "held": held, "at": old})
    return ids, sorted(held)


async def test_a_reason_is_found_wherever_it_stands_and_pages_join(own_database, clock, queue):
    ids, held = queue

    async def read(limit, **more):
        async with own_database.read() as session:
            items = await list_for_review(session, Kind.PAYMENT, clock.now(), limit, **more)
        return [item.subject.id for item in items]

    assert await read(MANY + 1) == ids[::-1]
    assert await read(10, reason="amount_mismatch") == held[::-1]
    assert await read(2, reason="amount_mismatch") == held[:1:-1]
    assert await read(2, reason="amount_mismatch", after=held[2]) == held[1::-1]
    assert await read(3, reason="amount_mismatch", after=held[0]) == []
    assert len(await read(MANY, reason="open_for_days")) == MANY - len(held)
    assert await read(1000, reason="no_such_word") == []
