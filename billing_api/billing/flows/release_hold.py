"""Give back what a hold keeps aside. One transaction."""

from dataclasses import dataclass
from uuid import UUID

from billing.charges.rules import Parts
from billing.flows.settle_hold import settle_hold
from billing.flows.settle_once import settle_once
from billing.holds.problems import HoldNotFound, HoldOver
from billing.holds.rules import HoldStatus, describe
from billing.holds.store import lock_hold
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.problems import Forbidden
from billing.platform.strict_json import dump_json


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """`owner` None: of any customer; else the customer's own, made by that customer."""

    hold_id: UUID
    owner: str | None


async def release_hold(
    db: Database, clock: Clock, command: ReleaseHold, scope: KeyScope | None
) -> Answered:
    """200 with the hold. Raises HoldNotFound, Forbidden, HoldOver."""
    now = clock.now()

    async def work(session: WriteSession) -> StoredAnswer:
        hold = await lock_hold(session, command.hold_id)
        if command.owner is not None:
            if hold.customer_id != command.owner:
                raise HoldNotFound
            if hold.requested_by != command.owner:
                raise Forbidden("only who made the hold may release it")
        if not hold.is_open(now):
            raise HoldOver
        hold = await settle_hold(session, hold, HoldStatus.RELEASED, Parts(0, 0), now)
        return StoredAnswer(200, dump_json(describe(hold)))

    return await settle_once(db, clock, scope, command.hold_id, work)
