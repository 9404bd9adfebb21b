"""Charge what a hold keeps aside, whole or in part; the rest is released. One transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.charges import rules as charge_rules
from billing.charges.rules import Charge, Parts
from billing.charges.store import add_charge
from billing.flows.settle_hold import settle_hold
from billing.flows.settle_once import settle_once
from billing.holds.problems import CaptureExceedsHold, HoldNotFound, HoldOver
from billing.holds.rules import Hold, HoldStatus, describe
from billing.holds.store import lock_hold
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.outbox.store import add_event
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.problems import Forbidden, ValidationFailed
from billing.platform.strict_json import dump_json
from billing.promo.store import hand_over


@dataclass(frozen=True, slots=True)
class CaptureHold:
    """`owner` None: of any customer; else the customer's own, made by that customer.

    `amount` None is all of it.
    """

    hold_id: UUID
    owner: str | None
    amount: Money | None
    requested_by: str


async def capture_hold(
    db: Database, clock: Clock, command: CaptureHold, scope: KeyScope | None
) -> Answered:
    """200 with the hold. Raises HoldNotFound, Forbidden, HoldOver, CaptureExceedsHold."""
    now = clock.now()

    async def work(session: WriteSession) -> StoredAnswer:
        hold = await lock_hold(session, command.hold_id)
        charged = _charged(hold, command, now)
        hold = await settle_hold(session, hold, HoldStatus.CAPTURED, charged, now)
        charge = await _keep_charge(session, hold, charged, command.requested_by)
        told = charge_rules.tell(charge)
        await add_event(session, "charge.succeeded", charge.id, at=now, data=told)
        return StoredAnswer(200, dump_json(describe(hold)))

    return await settle_once(db, clock, scope, command.hold_id, work)


def _charged(hold: Hold, command: CaptureHold, now: datetime) -> Parts:
    """Promotional money is burned first, as by any debit."""
    if command.owner is not None:
        if hold.customer_id != command.owner:
            raise HoldNotFound
        if hold.requested_by != command.owner:
            raise Forbidden("only who made the hold may charge it")
    if not hold.is_open(now):
        raise HoldOver
    amount = command.amount or hold.amount
    if amount.currency != hold.currency:
        raise ValidationFailed(errors=[("/currency", f"the hold is in {hold.currency}")])
    if amount.minor > hold.amount.minor:
        raise CaptureExceedsHold(f"{hold.amount} is held")
    promo = min(hold.promo_minor, amount.minor)
    return Parts(amount.minor - promo, promo)


async def _keep_charge(session: WriteSession, hold: Hold, charged: Parts, by: str) -> Charge:
    """The charge a capture makes, so that it can be reversed like any other."""
    charge = Charge(
        id=new_id(),
        customer_id=hold.customer_id,
        taken=charged,
        returned=Parts(0, 0),
        currency=hold.currency,
        reason=hold.reason,
        metadata=hold.metadata,
        requested_by=by,
        created_at=hold.ended_at or hold.created_at,
        hold_id=hold.id,
    )
    await add_charge(session, charge)
    await hand_over(session, hold.id, charge.id)
    return charge
