"""What every decision about an item of the review has in common: the provider is asked before the
transaction, and who, why and what it was are kept with the change the decision makes.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from billing.flows.settle_once import settle_once
from billing.gateway.port import Missing, Unknown
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.payments.rules import Payment
from billing.platform.clock import Clock
from billing.platform.database import Database, ReadSession, WriteSession
from billing.platform.strict_json import dump_json
from billing.refunds.rules import Refund
from billing.review.documents import describe_item
from billing.review.problems import (
    DecisionError,
    ProviderIdNeeded,
    ProviderShowsNothing,
    ProviderSilent,
    StillDisagrees,
)
from billing.review.queries import get_reviewed, is_waiting
from billing.review.rules import Action, Decision, Subject, check_legal, kind_of
from billing.review.store import keep_decision

Ours = TypeVar("Ours", Payment, Refund)
Theirs = TypeVar("Theirs")


async def settle_decision(
    db: Database,
    clock: Clock,
    decision: Decision,
    scope: KeyScope | None,
    *,
    lock: Callable[[WriteSession], Awaitable[Ours]],
    act: Callable[[WriteSession, Ours, datetime], Awaitable[None]],
) -> Answered:
    """200 with the review's item as it is afterwards. `lock` has the payment or the refund locked,
    `act` does what was decided about it.

    Raises a DecisionError that says why nothing is changed, IdempotencyKeyReused, and what they do.
    """
    now, item_id = clock.now(), decision.item_id

    async def work(session: WriteSession) -> StoredAnswer:
        ours = await lock(session)
        waits = await is_waiting(session, kind_of(ours), item_id, now)
        check_legal(ours, decision.action, waits=waits)
        await keep_decision(session, decision, ours, now)
        await act(session, ours, now)
        item = await get_reviewed(session, item_id, now)
        return StoredAnswer(200, dump_json(describe_item(item)))

    return await settle_once(db, clock, scope, item_id, work)


async def ask_about(
    db: Database,
    decision: Decision,
    get: Callable[[ReadSession, UUID, None], Awaitable[Subject]],
    find: Callable[[str], Awaitable[Theirs | Missing | Unknown]],
) -> Theirs | DecisionError | None:
    """What the provider shows, or why it cannot be told; None where nothing is to be released. What
    is wrong waits for the key: a repeat has its first answer whatever became of the item since.
    """
    async with db.read() as session:
        ours = await get(session, decision.item_id, None)
    if decision.action is not Action.RELEASE or ours.quarantine_reason is None:
        return None
    asked = ours.provider_id or decision.provider_id
    if asked is None:
        return ProviderIdNeeded("we do not know the provider's id of it: name it")
    if decision.provider_id not in {None, asked}:
        return StillDisagrees(f"we know it as the provider's {asked}")
    seen = await find(asked)
    if isinstance(seen, Missing):
        return ProviderShowsNothing(f"the provider does not show {asked}")
    if isinstance(seen, Unknown):
        return ProviderSilent(
            f"the provider does not show {asked} now: {seen}", headers={"Retry-After": "5"}
        )
    return seen


def shown(look: Theirs | DecisionError | None) -> Theirs:
    """The provider's object. Raises the DecisionError that stands in its place."""
    if look is None:
        raise ProviderSilent("it was not held a moment ago: repeat", headers={"Retry-After": "1"})
    if isinstance(look, DecisionError):
        raise look
    return look
