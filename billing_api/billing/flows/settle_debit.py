"""Take money off a balance, if there is enough: promotional money first, then paid money.

Runs inside the caller's transaction and leaves the balance locked, the grants burned and the
journal to the caller, who knows what the money is for.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.balance.problems import insufficient
from billing.balance.rules import Balance
from billing.balance.store import lock_balance
from billing.charges.rules import Parts
from billing.flows.settle_promo import settle_promo
from billing.platform.database import WriteSession
from billing.platform.money import Money
from billing.promo.rules import burn
from billing.promo.store import burn_grants, read_grants


@dataclass(frozen=True, slots=True)
class Debit:
    """`owner_id`: the charge or the hold that burns promotional money."""

    customer_id: str
    amount: Money
    owner_id: UUID
    allow_partial: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """From the balance as it is locked; nothing of it is booked yet."""

    balance: Balance
    parts: Parts


async def settle_debit(session: WriteSession, debit: Debit, now: datetime) -> Taken:
    """Raises InsufficientFunds; with `allow_partial` only where there is nothing at all."""
    currency = debit.amount.currency
    balance = await lock_balance(session, debit.customer_id, currency, now)
    balance = await settle_promo(session, balance, now)
    minor = min(debit.amount.minor, balance.available_minor)
    if minor == 0 or (minor < debit.amount.minor and not debit.allow_partial):
        raise insufficient(Money(debit.amount.minor - minor, currency))
    promo = min(balance.promo_minor, minor)
    if promo:
        grants = await read_grants(session, debit.customer_id, currency)
        await burn_grants(session, debit.owner_id, burn(grants, promo))
    return Taken(balance, Parts(minor - promo, promo))
