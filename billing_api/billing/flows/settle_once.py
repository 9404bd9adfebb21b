"""One key, one effect: for what is decided in one transaction, with no provider to ask.

The key is claimed, the work done and the answer kept together or not at all, so a crash leaves
nothing half done. A second request with the key waits for the first at the claim, then has its
answer; what is refused keeps no answer, and the key stays free.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from billing.flows.settle_key import settle_answer, settle_claim
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession

Work = Callable[[WriteSession], Awaitable[StoredAnswer]]


async def settle_once(
    db: Database, clock: Clock, scope: KeyScope | None, object_id: UUID, work: Work
) -> Answered:
    """`work` makes the object and says the answer. Raises IdempotencyKeyReused and what it does."""

    async def once(session: WriteSession) -> Answered:
        claim = await settle_claim(session, clock, scope, object_id)
        if claim is not None and claim.answer is not None:
            return Answered(claim.object_id, claim.answer, replayed=True)
        crash_point(CrashPoint.ONCE_BEGUN)
        answer = await work(session)
        crash_point(CrashPoint.ONCE_WRITTEN)
        await settle_answer(session, scope, answer, final=True)
        return Answered(object_id, answer, replayed=False)

    answered = await db.transact(once)
    crash_point(CrashPoint.ONCE_DONE)
    return answered
