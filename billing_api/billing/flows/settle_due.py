"""The worker's turn with an attempt: taken with a lease, counted or renewed before it is sent, and
ended with what came of it.

The network stands between these steps, never inside one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from billing.flows.settle_later import NotThere
from billing.gateway.port import PaymentGateway, Unknown
from billing.payments.attempt_store import (
    add_attempt,
    claim_attempts,
    count_send,
    lock_as_read,
    mark_attempt,
)
from billing.payments.attempts import (
    LOOKUP_PAUSE,
    LOOKUP_UNTIL,
    Attempt,
    AttemptState,
)
from billing.platform.budget import Budget
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id

# In a worker nobody waits, so the provider may take as long as it ever does.
CALL_SECONDS = 35.0
# Around a search: the two sides date an object by their own clocks.
CLOCK_SKEW = timedelta(hours=1)
# Longer than the longest call with its transactions.
LEASE = timedelta(seconds=90)


async def settle_due(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    *,
    limit: int,
    budget: Budget | None,
    refunds: bool,
) -> list[Attempt]:
    """Those whose turn has come, as many as may be made now; other workers pass over them.

    None while the provider is left alone or the budget is spent; what is due remains so.
    """
    room = gateway.may_ask(limit)
    if budget is not None:
        room = budget.room(room)
    if not room:
        return []
    real_now = clock.real_now()
    async with db.begin() as session:
        due = await claim_attempts(
            session,
            now=clock.now(),
            real_now=real_now,
            lease_until=real_now + LEASE,
            limit=room,
            refunds=refunds,
        )
    if budget is not None:
        budget.spend(len(due))
    crash_point(CrashPoint.RECOVERY_CLAIMED)
    return due


async def count_repeat(db: Database, clock: Clock, attempt: Attempt) -> bool:
    """Before the same bytes go out again; False where somebody else went on with it meanwhile."""
    async with db.begin() as session:
        if not await lock_as_read(session, attempt):
            return False
        await count_send(session, attempt.id, lease_until=clock.real_now() + LEASE)
    crash_point(CrashPoint.RECOVERY_COUNTED)
    return True


async def renew(db: Database, clock: Clock, old: Attempt) -> Attempt | None:
    """The refused attempt burnt its key: the same bytes under a new one."""
    new = replace(
        old,
        id=new_id(),
        number=old.number + 1,
        state=AttemptState.SENT,
        sends=1,
        created_at=clock.now(),
    )
    async with db.begin() as session:
        if not await lock_as_read(session, old):
            return None
        await mark_attempt(session, old.id, AttemptState.REFUSED, outcome="tried_anew")
        await add_attempt(session, new, lease_until=clock.real_now() + LEASE)
    crash_point(CrashPoint.RECOVERY_RENEWED)
    return new


async def look_again_later(db: Database, clock: Clock, attempt: Attempt, found: object) -> bool:
    """True where the search proves nothing yet: it was not answered, or came up empty too early."""
    if isinstance(found, Unknown):
        why = found.why
    elif isinstance(found, NotThere) and clock.now() - attempt.created_at < LOOKUP_UNTIL:
        why = "not_there_yet"
    else:
        return False
    next_at, state = clock.now() + LOOKUP_PAUSE, AttemptState.LOOKUP
    async with db.begin() as session:
        await mark_attempt(session, attempt.id, state, next_at=next_at, outcome=why)
    return True


async def settle_turn(db: Database, settle: Callable[[WriteSession], Awaitable[object]]) -> None:
    """The provider has answered or was searched: `settle` writes what that means."""
    crash_point(CrashPoint.RECOVERY_ANSWERED)

    async def apply(session: WriteSession) -> None:
        await settle(session)
        crash_point(CrashPoint.RECOVERY_APPLIED)

    await db.transact(apply)
    crash_point(CrashPoint.RECOVERY_DONE)
