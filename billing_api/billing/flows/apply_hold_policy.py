"""Held money that nobody has decided about is captured or given back before its time runs out.

Only the intention is kept here: the worker's repeats make the call, as for every other attempt.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from billing.flows.settle_payment import save_and_tell
from billing.gateway.port import PaymentGateway
from billing.payments.attempt_store import list_lapsing, open_attempt
from billing.payments.attempts import AttemptKind
from billing.payments.rules import OnExpiry, PaymentStatus
from billing.payments.store import lock_payment
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.database import Database, WriteSession

# What the provider refused or lost is asked for again this much later, until the deadline.
PAUSE = timedelta(minutes=5)
AT_ONCE = 4


async def apply_hold_policy(
    db: Database, gateway: PaymentGateway, clock: Clock, *, margin: timedelta, limit: int = 50
) -> int:
    """How many were acted on. `margin`: how long before the deadline."""
    now = clock.now()
    async with db.read() as session:
        due = await list_lapsing(session, now=now, margin=margin, pause=PAUSE, limit=limit)
    acted: list[UUID] = []

    async def work(payment_id: UUID) -> None:
        if await _apply(db, gateway, clock, payment_id):
            acted.append(payment_id)

    # One that fails keeps no other waiting until its time is over.
    await each(due, work, at_once=AT_ONCE)
    return len(acted)


async def _apply(db: Database, gateway: PaymentGateway, clock: Clock, payment_id: UUID) -> bool:
    now = clock.now()

    async def apply(session: WriteSession) -> bool:
        payment = await lock_payment(session, payment_id)
        waits = payment.status is PaymentStatus.WAITING_FOR_CAPTURE
        if not waits or payment.quarantine_reason is not None:
            return False
        takes = payment.on_expiry is OnExpiry.CAPTURE and payment.cancel_requested_at is None
        kind, body = AttemptKind.CANCEL, b"{}"
        if takes:
            kind, body = AttemptKind.CAPTURE, gateway.write_capture(None)
        opened = await open_attempt(session, payment.id, kind, body, at=now, lease_until=None)
        if opened is not None and takes:
            wished = replace(payment, capture_wish_minor=payment.amount.minor)
            await save_and_tell(session, wished, now)
        return opened is not None

    return await db.transact(apply)
