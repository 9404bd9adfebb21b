"""The only write of a seal."""

import json
from datetime import datetime

from sqlalchemy import text

from billing.platform.database import WriteSession
from billing.seals.rules import Seal

# Two that seal the same day, or after the same seal: the second finds it done.
_ADD = text("""
    INSERT INTO seals (day, ends_at, horizon, journals, late, postings, totals, previous, hash,
                       sealed_at)
    VALUES (:day, :ends_at, CAST(CAST(:horizon AS text) AS xid8), :journals, :late, :postings,
            CAST(CAST(:totals AS text) AS jsonb), :previous, :hash, :sealed_at)
    ON CONFLICT DO NOTHING
""")


# A snapshot's xmax would not do: it is where the ended ones end, and open ones may lie above it.
_NUMBER = text("SELECT CAST(pg_current_xact_id() AS text) AS xid")


async def take_number(session: WriteSession) -> int:
    """Our transaction's own: whoever wrote before has a lower one."""
    row = await session.one(_NUMBER)
    return int(row["xid"])


async def add_seal(session: WriteSession, seal: Seal, sealed_at: datetime) -> bool:
    """False where it is there already."""
    added = await session.run(
        _ADD,
        {
            "day": seal.day,
            "ends_at": seal.limits.ends_at,
            "horizon": str(seal.limits.horizon),
            "journals": seal.journals,
            "late": seal.late,
            "postings": seal.postings,
            "totals": json.dumps(seal.totals),
            "previous": seal.previous,
            "hash": seal.hash,
            "sealed_at": sealed_at,
        },
    )
    return added == 1
