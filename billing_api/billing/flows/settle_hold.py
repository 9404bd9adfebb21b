"""End a hold: what of it is charged stays away, the rest goes back to where it came from.

Runs inside the caller's transaction, the hold locked.
"""

from datetime import datetime

from billing.balance.store import lock_balance
from billing.charges.rules import Parts
from billing.flows.settle_journal import settle_journal
from billing.holds.rules import Hold, HoldStatus, tell
from billing.holds.store import end_hold
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of, paid_in
from billing.outbox.store import add_event
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.promo.rules import give_back
from billing.promo.store import read_uses, return_to_grants

KINDS = {
    HoldStatus.CAPTURED: JournalKind.HOLD_CAPTURE,
    HoldStatus.RELEASED: JournalKind.HOLD_RELEASE,
    HoldStatus.EXPIRED: JournalKind.HOLD_EXPIRY,
}


async def settle_hold(
    session: WriteSession, locked: Hold, status: HoldStatus, charged: Parts, now: datetime
) -> Hold:
    balance = await lock_balance(session, locked.customer_id, locked.currency, now)
    paid = locked.paid_minor - charged.paid_minor
    promo = locked.promo_minor - charged.promo_minor
    if promo:
        uses = await read_uses(session, locked.id)
        await return_to_grants(session, locked.id, give_back(uses, promo))
    lines = lines_of(
        locked.currency,
        locked.customer_id,
        (AccountKind.CUSTOMER_HELD, -locked.amount.minor),
        (AccountKind.REVENUE, charged.minor),
        *paid_in(paid, balance.receivable_minor),
        (AccountKind.CUSTOMER_PROMO, promo),
    )
    journal = Journal(new_id(), KINDS[status], now, lines, subject_id=locked.id)
    await settle_journal(session, balance, journal)
    ended = await end_hold(session, locked, status, captured_minor=charged.minor, at=now)
    await add_event(session, f"balance_hold.{status}", ended.id, at=now, data=tell(ended))
    return ended
