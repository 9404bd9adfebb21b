"""Ask the provider how a payment stands before somebody acts on it, and apply what it says.

A payer may have been quicker than the notification. What the provider does not say now it will say
later: a look that fails changes nothing.
"""

from billing.flows.settle_payment import settle_payment
from billing.gateway.port import Accepted, PaymentGateway
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
