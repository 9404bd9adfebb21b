"""Reads of the review: the payments that wait for a person, and what is known of one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from billing.payments.attempts import AttemptKind, AttemptState
from billing.payments.decisions import Action, KeptDecision, why_in_review
from billing.payments.queries import get_payment
from billing.payments.review import LastAttempt, Reviewed
from billing.payments.rows import payment_of
from billing.payments.rules import Payment
from billing.platform.database import ReadSession

UNDECIDED_LONG = timedelta(minutes=30)
# A payer has an hour, three days with some loans; later the provider should have ended it.
OPEN_LONG = timedelta(days=4)
# A reason is a word of `why_in_review` alone: who asks for one has the queue read in such pieces.
PIECE = 500
# What is held or open stays in the list whatever was decided before.
_WAITING = """
    SELECT id FROM payments WHERE quarantine_reason IS NOT NULL
    UNION SELECT id FROM payments WHERE undecided AND created_at < :before
    UNION SELECT id FROM payments
        WHERE status IN ('pending', 'waiting_for_capture') AND created_at < :stale
    UNION SELECT id FROM (
        SELECT id FROM payments WHERE cancel_requested_at IS NOT NULL AND status = 'succeeded'
        UNION SELECT payment_id FROM payment_attempts WHERE last_outcome = 'second_object'
    ) AS over WHERE NOT EXISTS (
        SELECT FROM payment_decisions d WHERE d.payment_id = over.id AND d.action = 'close')
"""
_LISTS = {
    after: text(f"""
        SELECT * FROM payments WHERE id IN ({_WAITING})
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - both parts are constants
    for after in (False, True)
}
_IS_WAITING = text(f"""
    SELECT EXISTS (SELECT FROM ({_WAITING}) AS waiting WHERE id = :id) AS waits
""")  # noqa: S608 - a constant
_ATTEMPTS = text("""
    SELECT DISTINCT ON (payment_id)
           payment_id, kind, state, sends, last_outcome, created_at, next_at
    FROM payment_attempts WHERE payment_id = ANY(:payment_ids)
    ORDER BY payment_id, number DESC
""")
_DECISIONS = text("""
    SELECT payment_id, action, found, reason, decided_by, at FROM payment_decisions
    WHERE payment_id = ANY(:payment_ids) ORDER BY payment_id, id
""")


async def list_for_review(
    session: ReadSession,
    now: datetime,
    limit: int,
    *,
    after: UUID | None = None,
    reason: str | None = None,
) -> list[Reviewed]:
    """What a person should look at: held back, open too long, paid after all, or made twice.

    The newest first, from `after` on; `reason` None is every reason.
    """
    found: list[Payment] = []
    piece = limit if reason is None else max(limit, PIECE)
    while len(found) < limit:
        rows = await session.all(
            _LISTS[after is not None], {**_ages(now), "after": after, "limit": piece}
        )
        waiting = [payment_of(row) for row in rows]
        found += [one for one in waiting if reason in {None, why_in_review(one)}]
        if len(waiting) < piece:
            break
        after = waiting[-1].id
    shown = found[:limit]
    return await _known(session, shown, {payment.id for payment in shown})


async def get_reviewed(session: ReadSession, payment_id: UUID, now: datetime) -> Reviewed:
    """Any payment, also where nothing about it waits. Raises PaymentNotFound."""
    payment = await get_payment(session, payment_id, None)
    waiting = {payment_id} if await is_waiting(session, payment_id, now) else set()
    [item] = await _known(session, [payment], waiting)
    return item


async def is_waiting(session: ReadSession, payment_id: UUID, now: datetime) -> bool:
    row = await session.first(_IS_WAITING, {**_ages(now), "id": payment_id})
    return row is not None and bool(row["waits"])


def _ages(now: datetime) -> dict[str, object]:
    return {"before": now - UNDECIDED_LONG, "stale": now - OPEN_LONG}


async def _known(
    session: ReadSession, payments: Sequence[Payment], waiting: set[UUID]
) -> list[Reviewed]:
    """In the order given; two statements whatever their number."""
    ids = {"payment_ids": [payment.id for payment in payments]}
    attempts = {
        row["payment_id"]: LastAttempt(
            AttemptKind(row["kind"]),
            AttemptState(row["state"]),
            row["sends"],
            row["last_outcome"],
            row["created_at"],
            row["next_at"],
        )
        for row in await session.all(_ATTEMPTS, ids)
    }
    decisions: dict[UUID, list[KeptDecision]] = defaultdict(list)
    for row in await session.all(_DECISIONS, ids):
        values = dict(row)
        payment_id = values.pop("payment_id")
        decisions[payment_id].append(KeptDecision(**{**values, "action": Action(values["action"])}))
    return [
        Reviewed(one, one.id in waiting, attempts.get(one.id), decisions[one.id])
        for one in payments
    ]
