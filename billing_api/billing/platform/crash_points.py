"""The moments at which a process may die, by name. In production they do nothing at all.

Each lies on one side of a commit, a call or an answer, and says what stands when everything after
it never happens. The crash tests kill real processes at every one of them. Nothing here reads a
setting: only a program that calls `arm_crash_points` has any, and no root of ours does.
"""

from collections.abc import Callable
from enum import Enum, unique


@unique
class CrashPoint(Enum):
    """Where, and what is committed there."""

    CREATE_BEGUN = "Nothing is committed, nobody was asked"
    CREATE_INTENT_WRITTEN = "Key, payment and attempt are written, not committed"
    CREATE_INTENT_KEPT = "Key, payment and attempt are committed; the provider was not asked"
    CREATE_ANSWERED = "The provider has answered; of its answer nothing is written"
    CREATE_SETTLED = "The provider's answer and ours are written, not committed"
    CREATE_DONE = "All is committed; the client has not heard of it"

    CAPTURE_INTENT_WRITTEN = "The wish and its attempt are written, not committed"
    CAPTURE_INTENT_KEPT = "The wish and its attempt are committed; the provider was not asked"
    CAPTURE_ANSWERED = "The provider has taken the money or not; of its answer nothing is written"
    CAPTURE_SETTLED = "What the capture came to is written, not committed"
    CAPTURE_DONE = "Payment and books are committed; the answer is not kept for the client"

    CANCEL_INTENT_WRITTEN = "The wish to cancel and its attempt are written, not committed"
    CANCEL_INTENT_KEPT = "The wish and its attempt are committed; nobody was asked to give it back"
    CANCEL_ANSWERED = "The provider has given it back or not; of its answer nothing is written"
    CANCEL_SETTLED = "What the cancellation came to is written, not committed"
    CANCEL_DONE = "The cancellation is committed; its answer is not kept for the client"

    REFUND_INTENT_WRITTEN = "Refund, reserve and attempt are written, not committed"
    REFUND_INTENT_KEPT = "Refund, reserve and attempt are committed; the provider was not asked"
    REFUND_ANSWERED = "The provider has refunded or not; of its answer nothing is written"
    REFUND_MOVED = "The refund's end is written, its money not; neither is committed"
    REFUND_SETTLED = "What the refund came to and our answer are written, not committed"
    REFUND_DONE = "The refund's end is committed; the client has not heard of it"

    NOTIFICATION_WRITTEN = "The notification is written, not committed and not acknowledged"
    NOTIFICATION_KEPT = "The notification is committed, not acknowledged: it comes again"

    INBOX_CLAIMED = "The notification is leased to us; the provider was not asked"
    INBOX_SEEN = "The provider's object is read; of it nothing is written"
    INBOX_APPLIED = "Payment, books and the notification's end are written, not committed"
    INBOX_DONE = "All that the notification brought is committed"

    SETTLE_MOVED = "The payment's new state is written, its money not; neither is committed"
    SETTLE_BOOKED = "State, books, feed and event are written, not committed"

    POLL_TURN_SET = "The next turn is committed; this turn's asking has not begun"
    POLL_ASKING = "That we ask is committed; the provider was not asked"
    POLL_SEEN = "The provider's object was asked for and read; nothing is written"
    POLL_APPLIED = "What it says is written, not committed"
    POLL_DONE = "All that the asking brought is committed"

    ONCE_BEGUN = "The key is claimed, nothing is written beside it; neither is committed"
    ONCE_POSTED = "A journal is written, the balance it moves is not; neither is committed"
    ONCE_WRITTEN = "All that the request does is said but its answer; nothing is committed"
    ONCE_DONE = "The effect and its answer are committed; the client has not heard of them"

    RECOVERY_CLAIMED = "The attempt is leased to us, nothing more"
    RECOVERY_COUNTED = "That we repeat is committed; the provider was not asked"
    RECOVERY_RENEWED = "A new attempt with its own key is committed; the provider was not asked"
    RECOVERY_ANSWERED = "The provider has answered or was searched; of it nothing is written"
    RECOVERY_APPLIED = "What the attempt came to is written, not committed"
    RECOVERY_DONE = "All that the attempt came to is committed"


Hook = Callable[[CrashPoint], None]
_hook: Hook | None = None


def crash_point(point: CrashPoint) -> None:
    """A comparison with None, unless armed."""
    if _hook is not None:
        _hook(point)


def arm_crash_points(hook: Hook) -> None:
    """For this process and for good: it is one that is meant to die."""
    global _hook  # noqa: PLW0603 - one word a process, so that a point costs a comparison
    _hook = hook
