"""Keep a notification as it came. It is a hint without a signature: nothing is believed here."""

from billing.inbox.rules import Arrival, read_hint
from billing.inbox.store import keep_notification
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database


async def receive_notification(db: Database, clock: Clock, arrival: Arrival) -> int:
    """How many times this very body has come."""
    async with db.begin() as session:
        hint = read_hint(arrival.body)
        copies = await keep_notification(session, arrival, hint, clock.real_now())
        crash_point(CrashPoint.NOTIFICATION_WRITTEN)
    crash_point(CrashPoint.NOTIFICATION_KEPT)
    return copies
