"""Decisions of people, kept with the change they make."""

from datetime import datetime

from sqlalchemy import text

from billing.payments.decisions import Decision
from billing.platform.database import WriteSession
from billing.platform.ids import new_id

_ADD = text("""
    INSERT INTO payment_decisions (id, payment_id, action, found, reason, decided_by, at)
    VALUES (:id, :payment_id, :action, :found, :reason, :decided_by, :at)
""")


async def keep_decision(
    session: WriteSession, decision: Decision, *, found: str, at: datetime
) -> None:
    await session.run(
        _ADD,
        {
            "id": new_id(),
            "payment_id": decision.payment_id,
            "action": decision.action.value,
            "found": found,
            "reason": decision.reason,
            "decided_by": decision.decided_by,
            "at": at,
        },
    )
