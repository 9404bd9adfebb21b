"""When an attempt at the provider goes on: anew, repeated, or looked for.

Runs inside the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.gateway.port import Refused, Unknown
from billing.payments.attempt_store import mark_attempt, uncount_send
from billing.payments.attempts import (
    KEY_WINDOW,
    PAUSE_MAX,
    Attempt,
    AttemptState,
    key_is_fresh,
    pause_after,
    spread,
)
from billing.platform.database import WriteSession


@dataclass(frozen=True, slots=True)
class NotThere:
    """The provider's whole list was read, and what was looked for is not in it."""


async def refused_later(
    session: WriteSession, attempt: Attempt, outcome: Refused, since: datetime, now: datetime
) -> bool:
    """False where the refusal is the end of it. `since`: when what is attempted was asked for.

    A refused repeat says nothing of the send before it, so that is repeated or looked for.
    """
    if attempt.sends > 1 and outcome.temporary:
        await repeat_later(session, attempt, outcome.code, now)
    elif attempt.sends > 1:
        await look_for(session, attempt, outcome.code, now)
    elif outcome.temporary and now - since < KEY_WINDOW:
        await try_anew_later(session, attempt, outcome, now)
    else:
        return False
    return True


async def try_anew_later(
    session: WriteSession, attempt: Attempt, outcome: Refused, now: datetime
) -> None:
    """This key is burnt: a new attempt with its own key follows after the pause."""
    asked = timedelta(seconds=outcome.retry_after_seconds or 0)
    pause = max(pause_after(attempt.number), asked)
    next_at = now + min(spread(pause, attempt.id), PAUSE_MAX)
    state = AttemptState.WAITING
    await mark_attempt(session, attempt.id, state, next_at=next_at, outcome=outcome.code)


async def repeat_later(session: WriteSession, attempt: Attempt, why: str, now: datetime) -> None:
    """The same key and bytes while the key is good for it; after that it is only looked for."""
    if not key_is_fresh(attempt, now):
        await look_for(session, attempt, why, now)
        return
    next_at = now + spread(pause_after(attempt.sends), attempt.id)
    state = AttemptState.UNKNOWN
    await mark_attempt(session, attempt.id, state, next_at=next_at, outcome=why[:200])


async def unknown_later(
    session: WriteSession, attempt: Attempt, outcome: Unknown, now: datetime
) -> None:
    """As for a repeat; what was not even sent does not count as a send."""
    if not outcome.is_sent:
        attempt = await uncount_send(session, attempt)
    await repeat_later(session, attempt, outcome.why, now)


async def look_for(session: WriteSession, attempt: Attempt, why: str, now: datetime) -> None:
    """It is never posted again."""
    await mark_attempt(session, attempt.id, AttemptState.LOOKUP, next_at=now, outcome=why[:200])
