"""One key, one effect: for what is decided in one transaction, with no provider to ask.

The key is claimed, the work done and the answer kept together or not at all, so a crash leaves
nothing half done. A second request with the key waits for the first at the claim, then has its
answer; what is refused keeps no answer, and the key stays free.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from billing.idempotency.problems import IdempotencyInProgress, IdempotencyKeyReused
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.idempotency.store import claim_key, keep_answer
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession

# Nothing but a crash could leave a claim without an answer, and a crash undoes the claim.
LEASE = timedelta(seconds=20)
Work = Callable[[WriteSession], Awaitable[StoredAnswer]]


async def settle_once(
    db: Database, clock: Clock, scope: KeyScope | None, object_id: UUID, work: Work
) -> Answered:
    """`work` makes the object and says the answer. Raises IdempotencyKeyReused and what it does."""

    async def once(session: WriteSession) -> Answered:
        if scope is None:
            return Answered(object_id, await _done(session, work), replayed=False)
        now = clock.real_now()
        claim = await claim_key(session, scope, object_id, real_now=now, lease_until=now + LEASE)
        if not claim.same_body:
            raise IdempotencyKeyReused
        if claim.answer is not None:
            return Answered(claim.object_id, claim.answer, replayed=True)
        if not claim.is_new:
            raise IdempotencyInProgress(headers={"Retry-After": "1"})
        answer = await _done(session, work)
        await keep_answer(session, scope, answer)
        return Answered(object_id, answer, replayed=False)

    answered = await db.transact(once)
    crash_point(CrashPoint.ONCE_DONE)
    return answered


async def _done(session: WriteSession, work: Work) -> StoredAnswer:
    crash_point(CrashPoint.ONCE_BEGUN)
    answer = await work(session)
    crash_point(CrashPoint.ONCE_WRITTEN)
    return answer
