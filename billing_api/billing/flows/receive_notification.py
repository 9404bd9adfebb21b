"""Keep a notification as it came. It is a hint without a signature: nothing is believed here."""

from billing.inbox.rules import Arrival, read_hint
from billing.inbox.store import keep_notification
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession


async def receive_notification(db: Database, clock: Clock, arrival: Arrival) -> int:
    """How many times this very body has come."""
    hint = read_hint(arrival.body)

    async def keep(session: WriteSession) -> int:
        copies = await keep_notification(session, arrival, hint, clock.real_now())
        crash_point(CrashPoint.NOTIFICATION_WRITTEN)
        return copies

    copies = await db.transact(keep)
    crash_point(CrashPoint.NOTIFICATION_KEPT)
    return copies
