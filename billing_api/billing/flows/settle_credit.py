"""Book a payment's money to its customer. Runs inside the caller's transaction, payment locked."""

from datetime import datetime

from billing.balance import rules as balance_rules
from billing.balance.rules import BalanceChange
from billing.balance.store import lock_balance, move_balance
from billing.changes.store import Change, record_changes
from billing.ledger import rules as ledger_rules
from billing.ledger.chart import AccountKind
from billing.ledger.rules import Journal, top_up_lines, total_of
from billing.ledger.store import post_journal
from billing.payments.rules import Payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id

PAYMENT, LATE_PAYMENT = "payment", "late_payment"
WORDS = {
    PAYMENT: "Payment received",
    LATE_PAYMENT: "Payment received after it was given up",
}


async def settle_credit(session: WriteSession, payment: Payment, kind: str, now: datetime) -> None:
    """`kind` is the journal's; one of a kind a payment, the database insists."""
    balance = await lock_balance(session, payment.customer_id, payment.amount.currency, now)
    lines = top_up_lines(payment.customer_id, payment.amount, balance.receivable_minor)
    journal = Journal(
        id=new_id(),
        kind=kind,
        payment_id=payment.id,
        at=now,
        description=WORDS[kind],
        lines=lines,
    )
    await post_journal(session, journal)
    change = BalanceChange(
        paid_minor=total_of(lines, AccountKind.CUSTOMER_PAID),
        receivable_minor=-total_of(lines, AccountKind.CUSTOMER_RECEIVABLE),
    )
    balance = await move_balance(session, balance, change, now)
    await record_changes(
        session,
        now,
        Change("journal", journal.id, 1, ledger_rules.snapshot(journal)),
        Change(
            "balance",
            balance_rules.feed_id(balance),
            balance.version,
            balance_rules.snapshot(balance),
        ),
    )
