"""Ask the provider how a payment stands: from the return page and from the worker's calendar.

However many ask, the provider is asked once in two seconds a payment.
"""

from datetime import timedelta
from uuid import UUID

from billing.flows.settle_payment import settle_payment
from billing.gateway.port import Accepted, PaymentGateway
from billing.payments.attempt_store import claim_asking
from billing.payments.queries import get_payment
from billing.payments.rules import Payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession

PAUSE = timedelta(seconds=2)
CALL_SECONDS = 5.0


async def poll_payment(
    db: Database, gateway: PaymentGateway, clock: Clock, payment_id: UUID
) -> Payment:
    """The payment as it is after asking, or as we knew it; raises PaymentNotFound."""
    async with db.read() as session:
        payment = await get_payment(session, payment_id, None)
    if payment.is_final or payment.provider_id is None or payment.quarantine_reason is not None:
        return payment
    async with db.begin() as session:
        mine = await claim_asking(session, payment_id, real_now=clock.real_now(), pause=PAUSE)
    if not mine:
        return payment
    crash_point(CrashPoint.POLL_ASKING)
    seen = await gateway.find_payment(payment.provider_id, seconds=CALL_SECONDS)
    if not isinstance(seen, Accepted):
        return payment
    crash_point(CrashPoint.POLL_SEEN)
    found, now = seen.payment, clock.now()

    async def apply(session: WriteSession) -> Payment:
        settled = await settle_payment(session, payment_id, found, gateway.shop, now)
        crash_point(CrashPoint.POLL_APPLIED)
        return settled.payment

    payment = await db.transact(apply)
    crash_point(CrashPoint.POLL_DONE)
    return payment
