"""Give back to the balance what was spent of a payment: charges are reversed, the newest first.

One transaction: the provider has no part in it. The payment is locked first, then the charges,
then the balance. What was not spent is on the balance already, and stays there.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from billing.adjustments.queries import sum_newer_paid
from billing.balance.store import lock_balance
from billing.charges.rules import Parts
from billing.charges.store import add_reversal, lock_reversible
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_once import settle_once
from billing.flows.settle_payment import save_and_tell
from billing.flows.settle_refundable import settle_refundable
from billing.holds.queries import sum_held_paid
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of, paid_in
from billing.outbox.store import add_event
from billing.payments.queries import get_payment, sum_newer_left
from billing.payments.rules import Payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.strict_json import dump_json
from billing.refunds.queries import sum_newer_returned
from billing.refunds.rules import (
    Refund,
    RefundStatus,
    RefundTo,
    begun,
    check_spent,
    describe,
    ended,
    spent_of,
    tell,
)
from billing.refunds.store import add_refund


@dataclass(frozen=True, slots=True)
class RefundToBalance:
    """`owner` None: any customer's. Else the customer's own, and out of charges that the customer
    made: nobody takes back what a program was paid (ADR 0009). `amount` None: all that is left.
    """

    payment_id: UUID
    owner: str | None
    amount: Money | None
    reason: str
    requested_by: str


async def refund_to_balance(
    db: Database, clock: Clock, command: RefundToBalance, scope: KeyScope | None
) -> Answered:
    """201 with the refund. Raises PaymentNotFound, PaymentNotRefundable, RefundExceedsPayment,
    NothingSpent, IdempotencyKeyReused and IdempotencyInProgress.
    """
    async with db.read() as session:
        await get_payment(session, command.payment_id, command.owner)
    now, refund_id = clock.now(), new_id()

    async def work(session: WriteSession) -> StoredAnswer:
        wanted, to = command.amount, RefundTo.BALANCE
        payment, amount = await settle_refundable(session, command.payment_id, wanted, to)
        asked = begun(
            payment.id,
            payment.customer_id,
            amount,
            command.reason,
            refund_id=refund_id,
            to=to,
            requested_by=command.requested_by,
            now=now,
        )
        refund = ended(asked, RefundStatus.SUCCEEDED, now)
        await _give_back(session, payment, refund, command.owner)
        await add_event(session, "refund.succeeded", refund_id, at=now, data=tell(refund))
        return StoredAnswer(201, dump_json(describe(refund)))

    return await settle_once(db, clock, scope, refund_id, work)


async def _give_back(
    session: WriteSession, payment: Payment, refund: Refund, made_by: str | None
) -> None:
    amount, now = refund.amount, refund.created_at
    charges = await lock_reversible(
        session, payment.customer_id, amount.currency, made_by, amount.minor
    )
    balance = await lock_balance(session, payment.customer_id, amount.currency, now)
    held = await sum_held_paid(session, payment.customer_id, amount.currency)
    newer = await _newer(session, payment)
    spent = spent_of(payment.refundable.minor, newer, balance.paid_minor + held)
    returnable = sum(charge.returnable_paid_minor for charge in charges)
    check_spent(amount, spent, returnable)
    await add_refund(session, refund)
    rest = amount.minor
    for charge in charges:
        part = Parts(min(rest, charge.returnable_paid_minor), 0)
        rest -= part.minor
        if part.minor:
            await add_reversal(
                session,
                charge,
                new_id(),
                part,
                requested_by=refund.requested_by or "",
                at=now,
                refund_id=refund.id,
            )
    refunded = payment.refunded_minor + amount.minor
    await save_and_tell(session, replace(payment, refunded_minor=refunded), now)
    lines = lines_of(
        amount.currency,
        payment.customer_id,
        (AccountKind.REVENUE, -amount.minor),
        *paid_in(amount.minor, balance.receivable_minor),
    )
    kind = JournalKind.REFUND_TO_BALANCE
    await settle_journal(
        session, balance, Journal(new_id(), kind, now, lines, payment.id, refund.id)
    )


async def _newer(session: WriteSession, payment: Payment) -> int:
    """Paid money that came in after the payment, and is spent after it: paid later, credited by
    hand, or given back to the balance before.
    """
    customer_id, currency = payment.customer_id, payment.amount.currency
    paid = await sum_newer_left(session, payment)
    credited = await sum_newer_paid(session, customer_id, currency, payment.id)
    returned = await sum_newer_returned(session, customer_id, currency, payment.id)
    return paid + credited + returned
