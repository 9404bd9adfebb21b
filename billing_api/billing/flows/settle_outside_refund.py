"""Book money that is at the payer's card already, whoever sent it: from the balance as far as it
goes, and what the balance does not cover the customer owes us.

Runs inside the caller's transaction, the payment locked.
"""

from dataclasses import replace
from datetime import datetime

from billing.balance.store import lock_balance
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_payment import save_and_tell
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.outbox.store import add_event
from billing.payments.rules import Payment
from billing.platform.database import WriteSession
from billing.platform.ids import new_id
from billing.refunds import rules
from billing.refunds.rules import Refund


async def settle_outside_refund(
    session: WriteSession, payment: Payment, refund: Refund, kind: JournalKind, now: datetime
) -> None:
    """The refund is kept by the caller. The database refuses more than was captured."""
    minor = refund.amount.minor
    payment = replace(payment, refunded_minor=payment.refunded_minor + minor)
    await save_and_tell(session, payment, now)
    balance = await lock_balance(session, refund.customer_id, refund.amount.currency, now)
    covered = min(balance.paid_minor, minor)
    lines = lines_of(
        refund.amount.currency,
        refund.customer_id,
        (AccountKind.CUSTOMER_PAID, -covered),
        (AccountKind.CUSTOMER_RECEIVABLE, covered - minor),
        (AccountKind.PROVIDER, minor),
    )
    journal = Journal(new_id(), kind, now, lines, refund.payment_id, refund.id)
    await settle_journal(session, balance, journal)
    event = "refund.found" if kind is JournalKind.CABINET_REFUND else "refund.booked_late"
    await add_event(session, event, refund.id, at=now, data=rules.tell(refund))
