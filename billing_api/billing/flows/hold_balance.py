"""Hold money on a customer's balance for one purpose. One transaction."""

from dataclasses import dataclass
from datetime import datetime

from billing.flows.settle_debit import Debit, settle_debit
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_once import settle_once
from billing.holds.rules import LASTS, LASTS_MAX, Hold, HoldStatus, describe, tell
from billing.holds.store import add_hold
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.outbox.store import add_event
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.problems import ValidationFailed
from billing.platform.strict_json import dump_json


@dataclass(frozen=True, slots=True)
class HoldBalance:
    """`expires_at` None is a week from now."""

    customer_id: str
    amount: Money
    reason: str
    metadata: dict[str, str]
    requested_by: str
    expires_at: datetime | None = None


async def hold_balance(
    db: Database, clock: Clock, command: HoldBalance, scope: KeyScope | None
) -> Answered:
    """201 with the hold. Raises InsufficientFunds, ValidationFailed, IdempotencyKeyReused."""
    now, hold_id = clock.now(), new_id()

    async def work(session: WriteSession) -> StoredAnswer:
        expires_at = _end(command, now)
        debit = Debit(command.customer_id, command.amount, hold_id)
        taken = await settle_debit(session, debit, now)
        hold = Hold(
            id=hold_id,
            customer_id=command.customer_id,
            status=HoldStatus.HELD,
            paid_minor=taken.parts.paid_minor,
            promo_minor=taken.parts.promo_minor,
            captured_minor=0,
            currency=command.amount.currency,
            reason=command.reason,
            metadata=command.metadata,
            requested_by=command.requested_by,
            created_at=now,
            expires_at=expires_at,
        )
        lines = lines_of(
            hold.currency,
            hold.customer_id,
            (AccountKind.CUSTOMER_PROMO, -taken.parts.promo_minor),
            (AccountKind.CUSTOMER_PAID, -taken.parts.paid_minor),
            (AccountKind.CUSTOMER_HELD, taken.parts.minor),
        )
        journal = Journal(new_id(), JournalKind.HOLD, now, lines, subject_id=hold_id)
        await settle_journal(session, taken.balance, journal)
        await add_hold(session, hold)
        await add_event(session, "balance_hold.held", hold_id, at=now, data=tell(hold))
        return StoredAnswer(201, dump_json(describe(hold)))

    return await settle_once(db, clock, scope, hold_id, work)


def _end(command: HoldBalance, now: datetime) -> datetime:
    end = command.expires_at or now + LASTS
    if not now < end <= now + LASTS_MAX:
        raise ValidationFailed(errors=[("/expires_at", f"within {LASTS_MAX.days} days from now")])
    return end
