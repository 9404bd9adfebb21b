"""Book one journal of one customer: postings, running balance and the feed's word, together.

Runs inside the caller's transaction, the balance locked before the journal was thought of: what
may be booked depends on it.
"""

from billing.balance import rules as balance_rules
from billing.balance.rules import Balance, BalanceChange
from billing.balance.store import move_balance
from billing.changes.store import Change, record_changes
from billing.ledger import rules as ledger_rules
from billing.ledger.chart import AccountKind
from billing.ledger.rules import Journal, total_of
from billing.ledger.store import post_journal
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import WriteSession


async def settle_journal(session: WriteSession, locked: Balance, journal: Journal) -> Balance:
    """The balance after it. The database refuses what would make a part of it negative."""
    await post_journal(session, journal)
    crash_point(CrashPoint.ONCE_POSTED)
    balance = await move_balance(session, locked, _change(journal), journal.at)
    told = balance_rules.snapshot(balance)
    await record_changes(
        session,
        journal.at,
        Change("journal", journal.id, 1, ledger_rules.snapshot(journal)),
        Change("balance", balance_rules.feed_id(balance), balance.version, told),
    )
    return balance


def _change(journal: Journal) -> BalanceChange:
    """What the customer owes us is a debit, so its row grows where the account falls."""
    return BalanceChange(
        paid_minor=total_of(journal.lines, AccountKind.CUSTOMER_PAID),
        promo_minor=total_of(journal.lines, AccountKind.CUSTOMER_PROMO),
        held_minor=total_of(journal.lines, AccountKind.CUSTOMER_HELD),
        receivable_minor=-total_of(journal.lines, AccountKind.CUSTOMER_RECEIVABLE),
    )
