"""Payments and what the provider says of them, made without asking any provider."""

from uuid import UUID

from billing.changes.store import record_change
from billing.flows.settle_payment import settle_payment
from billing.gateway.port import ProviderPayment, Shop
from billing.payments.attempt_store import add_attempt
from billing.payments.attempts import Attempt, AttemptState
from billing.payments.rules import snapshot
from billing.payments.store import NewPayment, add_payment
from billing.platform.clock import Clock
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money

SHOP = Shop("100500", accepts_test=True)


async def ask_for(
    session: WriteSession, clock: Clock, customer: str, minor: int, *, capture: bool = True
) -> tuple[UUID, UUID]:
    """A payment that was sent and not answered: its id, and that of the attempt."""
    payment_id, attempt_id, now = new_id(), new_id(), clock.now()
    money = Money(minor, "RUB")
    new = NewPayment(payment_id, customer, money, None, "https://shop.test/", capture=capture)
    asked = await add_payment(session, new, now)
    data = snapshot(asked)
    await record_change(session, "payment", payment_id, version=1, at=now, data=data)
    attempt = Attempt(attempt_id, payment_id, 1, b"{}", AttemptState.SENT, 1, now)
    await add_attempt(session, attempt, lease_until=now)
    return payment_id, attempt_id


def seen(payment_id: UUID, minor: int, status: str) -> ProviderPayment:
    """The provider's object of this payment."""
    return ProviderPayment(
        id=f"theirs-{payment_id}",
        status=status,
        amount=Money(minor, "RUB"),
        account_id=SHOP.account_id,
        test=True,
        payment_uid=str(payment_id),
        created_at=None,
        captured_at=None,
        confirmation_url=None,
        cancellation_party=None,
        cancellation_reason=None,
    )


async def top_up(database: Database, clock: Clock, payment_id: UUID, minor: int) -> None:
    """Paid there and told here; told again, it changes nothing."""

    async def work(session: WriteSession) -> None:
        news = seen(payment_id, minor, "succeeded")
        await settle_payment(session, payment_id, news, SHOP, clock.now())

    await database.transact(work)
