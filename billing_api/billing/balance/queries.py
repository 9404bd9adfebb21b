"""Reads of balances."""

from sqlalchemy import text

from billing.balance.rows import balance_of
from billing.balance.rules import Balance
from billing.platform.database import ReadSession

_LIST = text("SELECT * FROM customer_balances WHERE customer_id = :owner ORDER BY currency")


async def list_balances(session: ReadSession, owner: str) -> list[Balance]:
    return [balance_of(row) for row in await session.all(_LIST, {"owner": owner})]
