"""The acts of refunds that a process may die in, and one that keeps no intention: the control."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from billing.flows.refund_to_balance import RefundToBalance, refund_to_balance
from billing.flows.refund_to_card import RefundToCard, refund_to_card
from billing.gateway.port import PaymentGateway, RefundIntent
from billing.idempotency.rules import Answered, KeyScope
from billing.payments.queries import get_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database
from billing.platform.ids import new_id
from billing.platform.money import Money
from harness.debits import Debit

WHY, WHO, REQUEST = "Передумал", "support", "request-of-a-refund"
Act = Callable[[Database, PaymentGateway, Clock, Debit], Awaitable[Answered]]


def _scope(debit: Debit) -> KeyScope:
    """One refund a customer, so one key; a repeat is the same request in every byte."""
    return KeyScope(debit.customer, "POST /api/v1/refund", "the-refund", str(debit.minor).encode())


async def refund(db: Database, gateway: PaymentGateway, clock: Clock, debit: Debit) -> Answered:
    amount = Money(debit.minor, "RUB")
    command = RefundToCard(UUID(debit.object_id), None, amount, WHY, WHO, REQUEST)
    return await refund_to_card(db, gateway, clock, command, _scope(debit))


async def give_back(db: Database, _: PaymentGateway, clock: Clock, debit: Debit) -> Answered:
    amount = Money(debit.minor, "RUB")
    wish = RefundToBalance(UUID(debit.object_id), None, amount, WHY, WHO)
    return await refund_to_balance(db, clock, wish, _scope(debit))


async def naive_refund(
    db: Database, gateway: PaymentGateway, clock: Clock, debit: Debit
) -> Answered:
    """Asks the provider first and writes afterwards: right as long as nothing dies in between."""
    async with db.read() as session:
        payment = await get_payment(session, UUID(debit.object_id), None)
    assert payment.provider_id is not None
    amount = Money(debit.minor, "RUB")
    intent = RefundIntent(new_id(), payment.provider_id, amount, WHY, REQUEST)
    await gateway.create_refund(new_id(), gateway.write_refund(intent), seconds=7)
    crash_point(CrashPoint.REFUND_ANSWERED)
    return await refund(db, gateway, clock, debit)


REFUNDS: dict[str, Act] = {
    "refund to card": refund,
    "refund to balance": give_back,
    "naive refund": naive_refund,
}
