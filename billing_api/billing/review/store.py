"""Decisions of people, kept with the change they make."""

from datetime import datetime

from sqlalchemy import text

from billing.payments.rules import Payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.review.rules import Decision, Subject, why_in_review

_ADD = text("""
    INSERT INTO payment_decisions (id, payment_id, refund_id, action, found, reason, decided_by, at)
    VALUES (:id, :payment_id, :refund_id, :action, :found, :reason, :decided_by, :at)
""")


async def keep_decision(
    session: WriteSession, decision: Decision, found: Subject, at: datetime
) -> None:
    """`found` is the payment or the refund as it was when it was decided."""
    of_payment = isinstance(found, Payment)
    await session.run(
        _ADD,
        {
            "id": new_id(),
            "payment_id": found.id if isinstance(found, Payment) else found.payment_id,
            "refund_id": None if of_payment else found.id,
            "action": decision.action.value,
            "found": why_in_review(found),
            "reason": decision.reason,
            "decided_by": decision.decided_by,
            "at": at,
        },
    )
