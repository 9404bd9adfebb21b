"""Reads of the review: the payments and refunds that wait for a person, and what is known."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from billing.payments.attempts import AttemptKind, AttemptState
from billing.payments.queries import get_payment
from billing.payments.rows import payment_of
from billing.payments.rules import Payment
from billing.platform.database import ReadSession, Row
from billing.refunds.queries import get_refund
from billing.refunds.rows import refund_of
from billing.review.documents import LastAttempt, Reviewed
from billing.review.problems import ReviewItemNotFound
from billing.review.rules import Action, KeptDecision, Kind, Subject, why_in_review

UNDECIDED_LONG = timedelta(minutes=30)
OPEN_LONG = {
    # A payer has an hour, three days with some loans; later the provider should have ended it.
    Kind.PAYMENT: timedelta(days=4),
    # A refund goes through in days at most; later somebody should ask the provider.
    Kind.REFUND: timedelta(days=7),
}
# A reason is a word of `why_in_review` alone: who asks for one has the queue read in such pieces.
PIECE = 500
# What is held or open stays in the list whatever was decided before.
_WAITING = {
    Kind.PAYMENT: """
        SELECT id FROM payments WHERE quarantine_reason IS NOT NULL
        UNION SELECT id FROM payments WHERE undecided AND created_at < :before
        UNION SELECT id FROM payments
            WHERE status IN ('pending', 'waiting_for_capture') AND created_at < :stale
        UNION SELECT id FROM (
            SELECT id FROM payments WHERE cancel_requested_at IS NOT NULL AND status = 'succeeded'
            UNION SELECT payment_id FROM payment_attempts
                WHERE last_outcome = 'second_object' AND refund_id IS NULL
        ) AS over WHERE NOT EXISTS (
            SELECT FROM payment_decisions d
            WHERE d.payment_id = over.id AND d.refund_id IS NULL AND d.action = 'close')
    """,
    Kind.REFUND: """
        SELECT id FROM refunds WHERE quarantine_reason IS NOT NULL
        UNION SELECT id FROM refunds
            WHERE status = 'pending' AND (undecided AND created_at < :before
                                          OR created_at < :stale)
        UNION SELECT a.refund_id FROM payment_attempts a
            WHERE a.last_outcome = 'second_object' AND a.refund_id IS NOT NULL
              AND NOT EXISTS (
                SELECT FROM payment_decisions d WHERE d.payment_id = a.payment_id
                  AND d.refund_id = a.refund_id AND d.action = 'close')
    """,
}
_TABLES = {Kind.PAYMENT: "payments", Kind.REFUND: "refunds"}
_LISTS = {
    f"{kind}{'_after' if after else ''}": text(f"""
        SELECT * FROM {_TABLES[kind]} WHERE id IN ({_WAITING[kind]})
        {"AND id < :after" if after else ""}
        ORDER BY id DESC LIMIT :limit
    """)  # noqa: S608 - the parts are constants
    for kind in Kind
    for after in (False, True)
}
_IS_WAITING = {
    kind.value: text(f"""
        SELECT EXISTS (SELECT FROM ({_WAITING[kind]}) AS waiting WHERE id = :id) AS waits
    """)  # noqa: S608 - a constant
    for kind in Kind
}
_KIND = text("""
    SELECT 'payment' AS kind FROM payments WHERE id = :id
    UNION ALL SELECT 'refund' FROM refunds WHERE id = :id
""")
# Of a refund or, where it names none, of the payment itself.
_ATTEMPTS = text("""
    SELECT DISTINCT ON (item_id)
           coalesce(refund_id, payment_id) AS item_id, kind, state, sends, last_outcome AS outcome,
           created_at, next_at
    FROM payment_attempts
    WHERE payment_id = ANY(:payment_ids) AND coalesce(refund_id, payment_id) = ANY(:item_ids)
    ORDER BY item_id, number DESC
""")
_DECISIONS = text("""
    SELECT coalesce(refund_id, payment_id) AS item_id, action, found, reason, decided_by, at
    FROM payment_decisions
    WHERE payment_id = ANY(:payment_ids) AND coalesce(refund_id, payment_id) = ANY(:item_ids)
    ORDER BY payment_id, id
""")


async def list_for_review(
    session: ReadSession,
    kind: Kind,
    now: datetime,
    limit: int,
    *,
    after: UUID | None = None,
    reason: str | None = None,
) -> list[Reviewed]:
    """What a person should look at: held back, open too long, paid after all, or made twice.

    The newest first, from `after` on; `reason` None is every reason.
    """
    found: list[Subject] = []
    piece = limit if reason is None else max(limit, PIECE)
    while len(found) < limit:
        statement = _LISTS[kind.value if after is None else f"{kind}_after"]
        rows = await session.all(statement, {**_ages(kind, now), "after": after, "limit": piece})
        waiting = [_subject_of(kind, row) for row in rows]
        found += [one for one in waiting if reason in {None, why_in_review(one)}]
        if len(waiting) < piece:
            break
        after = waiting[-1].id
    shown = found[:limit]
    return await _known(session, shown, {one.id for one in shown})


async def find_kind(session: ReadSession, item_id: UUID) -> Kind:
    """Whose id it is. Raises ReviewItemNotFound."""
    row = await session.first(_KIND, {"id": item_id})
    if row is None:
        raise ReviewItemNotFound
    return Kind(row["kind"])


async def get_reviewed(session: ReadSession, item_id: UUID, now: datetime) -> Reviewed:
    """Any payment or refund, also where nothing about it waits. Raises ReviewItemNotFound."""
    kind = await find_kind(session, item_id)
    subject = await _subject(session, kind, item_id)
    waiting = {item_id} if await is_waiting(session, kind, item_id, now) else set()
    [item] = await _known(session, [subject], waiting)
    return item


async def is_waiting(session: ReadSession, kind: Kind, item_id: UUID, now: datetime) -> bool:
    row = await session.first(_IS_WAITING[kind.value], {**_ages(kind, now), "id": item_id})
    return row is not None and bool(row["waits"])


async def _subject(session: ReadSession, kind: Kind, item_id: UUID) -> Subject:
    if kind is Kind.PAYMENT:
        return await get_payment(session, item_id, None)
    return await get_refund(session, item_id, None)


def _subject_of(kind: Kind, row: Row) -> Subject:
    return payment_of(row) if kind is Kind.PAYMENT else refund_of(row)


def _ages(kind: Kind, now: datetime) -> dict[str, object]:
    return {"before": now - UNDECIDED_LONG, "stale": now - OPEN_LONG[kind]}


async def _known(
    session: ReadSession, subjects: Sequence[Subject], waiting: set[UUID]
) -> list[Reviewed]:
    """In the order given; two statements whatever their number."""
    ids = {
        "item_ids": [one.id for one in subjects],
        "payment_ids": [one.id if isinstance(one, Payment) else one.payment_id for one in subjects],
    }
    attempts: dict[UUID, LastAttempt] = {}
    for row in await session.all(_ATTEMPTS, ids):
        values = dict(row)
        item_id = values.pop("item_id")
        words = {"kind": AttemptKind(values["kind"]), "state": AttemptState(values["state"])}
        attempts[item_id] = LastAttempt(**{**values, **words})
    decisions: dict[UUID, list[KeptDecision]] = defaultdict(list)
    for row in await session.all(_DECISIONS, ids):
        values = dict(row)
        item_id = values.pop("item_id")
        decisions[item_id].append(KeptDecision(**{**values, "action": Action(values["action"])}))
    return [
        Reviewed(one, one.id in waiting, attempts.get(one.id), decisions[one.id])
        for one in subjects
    ]
