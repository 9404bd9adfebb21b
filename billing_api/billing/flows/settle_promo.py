"""Take back promotional money whose time is over, so that nobody spends it.

Runs inside the caller's transaction, the balance locked: a debit does it for its own customer
before it counts what there is, and so needs no worker to have been there first.
"""

from datetime import datetime

from billing.balance.rules import Balance
from billing.flows.settle_journal import settle_journal
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.promo.rules import expired
from billing.promo.store import expire_grant, read_grants


async def settle_promo(session: WriteSession, locked: Balance, now: datetime) -> Balance:
    """The balance without what has expired; one journal a grant."""
    if not locked.promo_minor:
        return locked
    balance = locked
    grants = await read_grants(session, balance.customer_id, balance.currency)
    for grant in expired(grants, now):
        expiry_id = new_id()
        await expire_grant(session, expiry_id, grant.id, grant.rest_minor, now)
        lines = lines_of(
            balance.currency,
            balance.customer_id,
            (AccountKind.CUSTOMER_PROMO, -grant.rest_minor),
            (AccountKind.PROMO_EXPENSE, grant.rest_minor),
        )
        journal = Journal(new_id(), JournalKind.PROMO_EXPIRY, now, lines, subject_id=expiry_id)
        balance = await settle_journal(session, balance, journal)
    return balance
