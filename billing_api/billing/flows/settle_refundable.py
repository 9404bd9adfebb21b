"""Lock a payment that somebody wants to refund, and say how much of it. In the caller's
transaction.
"""

from uuid import UUID

from billing.payments.rules import Payment
from billing.payments.store import lock_payment
from billing.platform.database import WriteSession
from billing.platform.money import Money
from billing.platform.problems import ValidationFailed
from billing.refunds.problems import PaymentNotRefundable
from billing.refunds.rules import RefundTo, part_of


async def settle_refundable(
    session: WriteSession, payment_id: UUID, wanted: Money | None, to: RefundTo
) -> tuple[Payment, Money]:
    """`wanted` None is all that is left. Also money booked late, of a payment that was given up.

    Raises PaymentNotFound, PaymentNotRefundable, ValidationFailed, RefundExceedsPayment and
    RefundLeavesTooLittle.
    """
    payment = await lock_payment(session, payment_id)
    if wanted is not None and wanted.currency != payment.amount.currency:
        currency = payment.amount.currency
        raise ValidationFailed(errors=[("/currency", f"the payment is in {currency}")])
    if payment.quarantine_reason is not None:
        raise PaymentNotRefundable("it waits for a person's decision")
    if not payment.captured_minor:
        raise PaymentNotRefundable(f"it is {payment.status.value}: nothing was taken for it")
    return payment, part_of(payment.refundable, wanted, to)
