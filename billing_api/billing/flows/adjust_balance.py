"""Credit a balance by hand: a correction in paid money, or promotional money. One transaction."""

from dataclasses import dataclass
from datetime import datetime

from billing.adjustments.rules import Adjustment, AdjustmentKind, describe, tell
from billing.adjustments.store import add_adjustment
from billing.balance.store import lock_balance
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
from billing.platform.problems import ValidationFailed
from billing.platform.strict_json import dump_json
from billing.promo.store import add_grant


@dataclass(frozen=True, slots=True)
class AdjustBalance:
    customer_id: str
    kind: AdjustmentKind
    amount: Money
    reason: str
    expires_at: datetime | None
    made_by: str


async def adjust_balance(
    db: Database, clock: Clock, command: AdjustBalance, scope: KeyScope | None
) -> Answered:
    """201 with the adjustment. Raises ValidationFailed, IdempotencyKeyReused."""
    now, adjustment_id = clock.now(), new_id()

    async def work(session: WriteSession) -> StoredAnswer:
        if command.expires_at is not None and command.expires_at <= now:
            raise ValidationFailed(errors=[("/expires_at", "in the future")])
        adjustment = Adjustment(
            adjustment_id,
            command.customer_id,
            command.kind,
            command.amount,
            command.reason,
            command.expires_at,
            command.made_by,
            now,
        )
        await add_adjustment(session, adjustment)
        await _book(session, adjustment)
        await add_event(session, "balance.adjusted", adjustment_id, at=now, data=tell(adjustment))
        return StoredAnswer(201, dump_json(describe(adjustment)))

    return await settle_once(db, clock, scope, adjustment_id, work)


async def _book(session: WriteSession, adjustment: Adjustment) -> None:
    owner, amount, now = adjustment.customer_id, adjustment.amount, adjustment.created_at
    balance = await lock_balance(session, owner, amount.currency, now)
    if adjustment.kind is AdjustmentKind.PROMO:
        kind = JournalKind.PROMO_GRANT
        await add_grant(session, adjustment.id, owner, amount, adjustment.expires_at)
        parts: tuple[tuple[AccountKind, int], ...] = (
            (AccountKind.PROMO_EXPENSE, -amount.minor),
            (AccountKind.CUSTOMER_PROMO, amount.minor),
        )
    else:
        kind = JournalKind.ADJUSTMENT
        parts = (
            (AccountKind.ADJUSTMENT, -amount.minor),
            *paid_in(amount.minor, balance.receivable_minor),
        )
    lines = lines_of(amount.currency, owner, *parts)
    journal = Journal(new_id(), kind, now, lines, subject_id=adjustment.id)
    await settle_journal(session, balance, journal)
