"""Book a payment's money to its customer. Runs inside the caller's transaction, payment locked."""

from datetime import datetime

from billing.balance.store import lock_balance
from billing.flows.settle_journal import settle_journal
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, top_up_lines
from billing.payments.rules import Payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id


async def settle_credit(
    session: WriteSession, payment: Payment, kind: JournalKind, now: datetime
) -> None:
    """What was captured. `kind` is the journal's; one of a kind a payment, the database insists."""
    balance = await lock_balance(session, payment.customer_id, payment.amount.currency, now)
    journal = Journal(
        id=new_id(),
        kind=kind,
        at=now,
        lines=top_up_lines(payment.customer_id, payment.captured, balance.receivable_minor),
        payment_id=payment.id,
    )
    await settle_journal(session, balance, journal)
