"""Charge a customer's balance: all of it or, where asked for, what there is. One transaction."""

from dataclasses import dataclass

from billing.charges.rules import Charge, Parts, describe, tell
from billing.charges.store import add_charge
from billing.flows.settle_debit import Debit, settle_debit
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_once import settle_once
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.outbox.store import add_event
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.strict_json import dump_json


@dataclass(frozen=True, slots=True)
class ChargeBalance:
    customer_id: str
    amount: Money
    reason: str
    metadata: dict[str, str]
    requested_by: str
    allow_partial: bool = False


async def charge_balance(
    db: Database, clock: Clock, command: ChargeBalance, scope: KeyScope | None
) -> Answered:
    """201 with the charge. Raises InsufficientFunds, IdempotencyKeyReused."""
    now, charge_id = clock.now(), new_id()

    async def work(session: WriteSession) -> StoredAnswer:
        debit = Debit(command.customer_id, command.amount, charge_id, command.allow_partial)
        taken = await settle_debit(session, debit, now)
        charge = Charge(
            id=charge_id,
            customer_id=command.customer_id,
            taken=taken.parts,
            returned=Parts(0, 0),
            currency=command.amount.currency,
            reason=command.reason,
            metadata=command.metadata,
            requested_by=command.requested_by,
            created_at=now,
        )
        lines = lines_of(
            charge.currency,
            charge.customer_id,
            (AccountKind.CUSTOMER_PROMO, -taken.parts.promo_minor),
            (AccountKind.CUSTOMER_PAID, -taken.parts.paid_minor),
            (AccountKind.REVENUE, taken.parts.minor),
        )
        journal = Journal(new_id(), JournalKind.CHARGE, now, lines, subject_id=charge_id)
        await settle_journal(session, taken.balance, journal)
        await add_charge(session, charge)
        await add_event(session, "charge.succeeded", charge_id, at=now, data=tell(charge))
        return StoredAnswer(201, dump_json(describe(charge)))

    return await settle_once(db, clock, scope, charge_id, work)
