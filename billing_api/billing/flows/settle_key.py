"""A caller's key round a flow: claimed with the work it stands for, answered with its end.

Runs inside the caller's transaction.
"""

from datetime import timedelta
from uuid import UUID

from billing.idempotency.problems import IdempotencyInProgress, IdempotencyKeyReused
from billing.idempotency.rules import Claim, KeyScope, StoredAnswer
from billing.idempotency.store import claim_key, keep_answer, release_key
from billing.platform.clock import Clock
from billing.platform.database import WriteSession

# Longer than a call and its transactions: after it the request is certainly dead.
LEASE = timedelta(seconds=20)


async def settle_claim(
    session: WriteSession, clock: Clock, scope: KeyScope | None, object_id: UUID
) -> Claim | None:
    """None without a key. Raises IdempotencyKeyReused, and IdempotencyInProgress while the first
    request with it runs.
    """
    if scope is None:
        return None
    now = clock.real_now()
    claim = await claim_key(session, scope, object_id, real_now=now, lease_until=now + LEASE)
    if not claim.same_body:
        raise IdempotencyKeyReused
    if not claim.is_new and claim.answer is None and claim.in_progress:
        raise IdempotencyInProgress(headers={"Retry-After": "1"})
    return claim


async def settle_answer(
    session: WriteSession, scope: KeyScope | None, answer: StoredAnswer, *, final: bool
) -> None:
    """Kept for every repeat where it is final; else repeats show the object as it is then."""
    if scope is None:
        return
    if final:
        await keep_answer(session, scope, answer)
    else:
        await release_key(session, scope)
