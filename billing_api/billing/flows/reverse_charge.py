"""Give back what a charge took, whole or in part. One transaction, the charge locked first."""

from dataclasses import dataclass
from uuid import UUID

from billing.balance.store import lock_balance
from billing.charges.problems import ChargeNotFound, ReversalExceedsCharge
from billing.charges.rules import Charge, Parts, describe, split_reversal, tell
from billing.charges.store import add_reversal, lock_charge
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_once import settle_once
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of, paid_in
from billing.outbox.store import add_event
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.problems import Forbidden, ValidationFailed
from billing.platform.strict_json import dump_json
from billing.promo.rules import give_back
from billing.promo.store import read_uses, return_to_grants


@dataclass(frozen=True, slots=True)
class ReverseCharge:
    """`owner` None: of any customer; else the customer's own, made by that customer.

    `amount` None is all that is left.
    """

    charge_id: UUID
    owner: str | None
    amount: Money | None
    requested_by: str


async def reverse_charge(
    db: Database, clock: Clock, command: ReverseCharge, scope: KeyScope | None
) -> Answered:
    """201 with the charge. Raises ChargeNotFound, Forbidden, ReversalExceedsCharge."""
    now, reversal_id = clock.now(), new_id()

    async def work(session: WriteSession) -> StoredAnswer:
        charge = await lock_charge(session, command.charge_id)
        parts = _parts(charge, command)
        balance = await lock_balance(session, charge.customer_id, charge.currency, now)
        charge = await add_reversal(
            session, charge, reversal_id, parts, requested_by=command.requested_by, at=now
        )
        if parts.promo_minor:
            uses = await read_uses(session, charge.id)
            await return_to_grants(session, charge.id, give_back(uses, parts.promo_minor))
        lines = lines_of(
            charge.currency,
            charge.customer_id,
            (AccountKind.REVENUE, -parts.minor),
            *paid_in(parts.paid_minor, balance.receivable_minor),
            (AccountKind.CUSTOMER_PROMO, parts.promo_minor),
        )
        kind = JournalKind.CHARGE_REVERSAL
        journal = Journal(new_id(), kind, now, lines, subject_id=reversal_id)
        await settle_journal(session, balance, journal)
        await add_event(session, "charge.reversed", charge.id, at=now, data=tell(charge))
        return StoredAnswer(201, dump_json(describe(charge)))

    return await settle_once(db, clock, scope, reversal_id, work)


def _parts(charge: Charge, command: ReverseCharge) -> Parts:
    if command.owner is not None:
        if charge.customer_id != command.owner:
            raise ChargeNotFound
        if charge.requested_by != command.owner:
            raise Forbidden("only who made the charge may reverse it")
    amount = command.amount
    if amount is not None and amount.currency != charge.currency:
        raise ValidationFailed(errors=[("/currency", f"the charge is in {charge.currency}")])
    minor = charge.left_minor if amount is None else amount.minor
    if not 0 < minor <= charge.left_minor:
        left = Money(charge.left_minor, charge.currency)
        raise ReversalExceedsCharge(f"{left} is left of the charge")
    return split_reversal(charge, minor)
