"""Writes of promotional money. The customer's balance is locked by whoever calls."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.platform.money import Money
from billing.promo.rules import Grant, Part

_ADD = text("""
    INSERT INTO promo_grants (id, customer_id, currency, amount_minor, rest_minor, expires_at)
    VALUES (:id, :customer_id, :currency, :amount_minor, :amount_minor, :expires_at)
""")
_GRANTS = text("""
    SELECT id, rest_minor, expires_at FROM promo_grants
    WHERE customer_id = :customer_id AND currency = :currency AND rest_minor > 0
""")
_BURN = text("""
    WITH part AS (
        SELECT grant_id, minor
        FROM unnest(CAST(:grants AS uuid[]), CAST(:amounts AS bigint[])) AS part (grant_id, minor)
    ), used AS (
        INSERT INTO promo_uses (owner_id, grant_id, amount_minor)
        SELECT :owner_id, grant_id, minor FROM part
    )
    UPDATE promo_grants g SET rest_minor = g.rest_minor - part.minor
    FROM part WHERE g.id = part.grant_id
""")
_USES = text("""
    SELECT g.id, u.amount_minor - u.returned_minor AS rest_minor, g.expires_at
    FROM promo_uses u JOIN promo_grants g ON g.id = u.grant_id WHERE u.owner_id = :owner_id
""")
_GIVE_BACK = text("""
    WITH part AS (
        SELECT grant_id, minor
        FROM unnest(CAST(:grants AS uuid[]), CAST(:amounts AS bigint[])) AS part (grant_id, minor)
    ), used AS (
        UPDATE promo_uses u SET returned_minor = u.returned_minor + part.minor
        FROM part WHERE u.owner_id = :owner_id AND u.grant_id = part.grant_id
    )
    UPDATE promo_grants g SET rest_minor = g.rest_minor + part.minor
    FROM part WHERE g.id = part.grant_id
""")
_HAND_OVER = text("UPDATE promo_uses SET owner_id = :heir_id WHERE owner_id = :owner_id")
_EXPIRE = text("""
    WITH kept AS (
        INSERT INTO promo_expiries (id, grant_id, amount_minor, at)
        VALUES (:id, :grant_id, :amount_minor, :at)
    )
    UPDATE promo_grants SET rest_minor = rest_minor - :amount_minor,
                            expired_minor = expired_minor + :amount_minor
    WHERE id = :grant_id
""")


async def add_grant(
    session: WriteSession,
    grant_id: UUID,
    customer_id: str,
    amount: Money,
    expires_at: datetime | None,
) -> None:
    await session.run(
        _ADD,
        {
            "id": grant_id,
            "customer_id": customer_id,
            "currency": amount.currency,
            "amount_minor": amount.minor,
            "expires_at": expires_at,
        },
    )


async def read_grants(session: WriteSession, customer_id: str, currency: str) -> list[Grant]:
    """What of the customer's grants is left."""
    rows = await session.all(_GRANTS, {"customer_id": customer_id, "currency": currency})
    return [Grant(**row) for row in rows]


async def read_uses(session: WriteSession, owner_id: UUID) -> list[Grant]:
    """The grants a charge or a hold has burned; `rest_minor` is what did not come back yet."""
    return [Grant(**row) for row in await session.all(_USES, {"owner_id": owner_id})]


async def burn_grants(session: WriteSession, owner_id: UUID, parts: Sequence[Part]) -> None:
    await session.run(_BURN, {"owner_id": owner_id, **_arrays(parts)})


async def return_to_grants(session: WriteSession, owner_id: UUID, parts: Sequence[Part]) -> None:
    await session.run(_GIVE_BACK, {"owner_id": owner_id, **_arrays(parts)})


async def hand_over(session: WriteSession, owner_id: UUID, heir_id: UUID) -> None:
    """What a hold had burned is now what its charge has."""
    await session.run(_HAND_OVER, {"owner_id": owner_id, "heir_id": heir_id})


async def expire_grant(
    session: WriteSession, expiry_id: UUID, grant_id: UUID, minor: int, at: datetime
) -> None:
    await session.run(
        _EXPIRE, {"id": expiry_id, "grant_id": grant_id, "amount_minor": minor, "at": at}
    )


def _arrays(parts: Sequence[Part]) -> dict[str, object]:
    return {
        "grants": [part.grant_id for part in parts],
        "amounts": [part.minor for part in parts],
    }
