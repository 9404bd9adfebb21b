"""Decisions of people, kept with the change they make."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.payments.decisions import Action, Decision, KeptDecision
from billing.platform.database import ReadSession, WriteSession
from billing.platform.ids import new_id

_ADD = text("""
    INSERT INTO payment_decisions (id, payment_id, action, found, reason, decided_by, at)
    VALUES (:id, :payment_id, :action, :found, :reason, :decided_by, :at)
""")
_LIST = text("""
    SELECT action, found, reason, decided_by, at FROM payment_decisions
    WHERE payment_id = :payment_id ORDER BY id
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


async def list_decisions(session: ReadSession, payment_id: UUID) -> list[KeptDecision]:
    """The oldest first."""
    rows = await session.all(_LIST, {"payment_id": payment_id})
    return [KeptDecision(**{**row, "action": Action(row["action"])}) for row in rows]
