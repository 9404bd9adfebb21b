"""Ask the provider how a payment stands before somebody acts on it, and apply what it says.

A payer may have been quicker than the notification. What the provider does not say now it will say
later: a look that fails changes nothing.
"""

from billing.flows.settle_payment import settle_payment
from billing.gateway.port import Accepted, PaymentGateway
from billing.payments.queries import find_payment_id, get_payment
from billing.payments.rules import Payment
from billing.platform.clock import Clock
from billing.platform.database import Database

LOOK_SECONDS = 3.0


async def settle_look(
    db: Database, gateway: PaymentGateway, clock: Clock, payment: Payment
) -> None:
    """The call is made outside of any transaction; its own follows."""
    if payment.provider_id is None or payment.quarantine_reason is not None:
        return
    seen = await gateway.find_payment(payment.provider_id, seconds=LOOK_SECONDS)
    if isinstance(seen, Accepted):
        found = seen.payment
        await db.transact(
            lambda session: settle_payment(session, payment.id, found, gateway.shop, clock.now())
        )


async def settle_look_at(
    db: Database, gateway: PaymentGateway, clock: Clock, provider_id: str
) -> None:
    """The same by the provider's id; nothing where the payment is none of ours, or is over."""
    async with db.read() as session:
        payment_id = await find_payment_id(session, provider_id, None)
        payment = None if payment_id is None else await get_payment(session, payment_id, None)
    if payment is not None and not payment.is_final:
        await settle_look(db, gateway, clock, payment)
