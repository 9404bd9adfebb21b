"""Writes of balances. The row is locked before its journal is made: the journal depends on it."""

from datetime import datetime

from sqlalchemy import text

from billing.balance.rows import balance_of
from billing.balance.rules import Balance, BalanceChange, moved
from billing.platform.database import WriteSession

# The update that changes nothing takes the lock and gives the row, whether it is new or not.
_LOCK = text("""
    INSERT INTO customer_balances (customer_id, currency, paid_minor, promo_minor, held_minor,
                                   receivable_minor, version, updated_at)
    VALUES (:customer_id, :currency, 0, 0, 0, 0, 0, :at)
    ON CONFLICT (customer_id, currency) DO UPDATE SET version = customer_balances.version
    RETURNING *
""")
_MOVE = text("""
    UPDATE customer_balances SET
        paid_minor = paid_minor + :paid, promo_minor = promo_minor + :promo,
        held_minor = held_minor + :held, receivable_minor = receivable_minor + :receivable,
        version = version + 1, updated_at = :at
    WHERE customer_id = :customer_id AND currency = :currency
""")


async def lock_balance(
    session: WriteSession, customer_id: str, currency: str, at: datetime
) -> Balance:
    parameters = {"customer_id": customer_id, "currency": currency, "at": at}
    return balance_of(await session.one(_LOCK, parameters))


async def move_balance(
    session: WriteSession, locked: Balance, change: BalanceChange, at: datetime
) -> Balance:
    """The row is locked: what it will be is known before it is written."""
    parameters = {
        "customer_id": locked.customer_id,
        "currency": locked.currency,
        "paid": change.paid_minor,
        "promo": change.promo_minor,
        "held": change.held_minor,
        "receivable": change.receivable_minor,
        "at": at,
    }
    await session.run_later(_MOVE, parameters)
    return moved(locked, change, at)
