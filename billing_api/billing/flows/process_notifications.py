"""Work on kept notifications: ask the provider for the object named, and apply what it says."""

from datetime import timedelta

import structlog

from billing.flows.settle_look import settle_look_at
from billing.flows.settle_payment import Effect, Settled, settle_payment
from billing.flows.settle_seen_refund import SeenRefund, settle_seen_refund
from billing.gateway.port import (
    Accepted,
    Missing,
    PaymentGateway,
    ProviderPayment,
    RefundAccepted,
)
from billing.inbox.rules import ATTEMPTS_MAX, Notification, Outcome, pause_after
from billing.inbox.store import (
    claim_notifications,
    finish_notification,
    postpone_notification,
)
from billing.payments.checks import parse_uid
from billing.payments.queries import find_payment_id
from billing.platform.clock import Clock
from billing.platform.concurrency import each
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession

# Longer than a whole batch takes where the provider is silent: each call gives up after 10 s.
LEASE = timedelta(seconds=90)
AT_ONCE = 8
REFUNDS = {
    SeenRefund.SETTLED: Outcome.SETTLED,
    SeenRefund.UNCHANGED: Outcome.UNCHANGED,
    SeenRefund.MISMATCH: Outcome.MISMATCH,
    SeenRefund.STRANGE: Outcome.MISMATCH,
    SeenRefund.UNKNOWN_PAYMENT: Outcome.UNKNOWN_PAYMENT,
}


async def process_notifications(
    db: Database, gateway: PaymentGateway, clock: Clock, *, limit: int = 50
) -> int:
    """How many were worked on."""
    now = clock.real_now()
    async with db.begin() as session:
        claimed = await claim_notifications(session, now=now, lease_until=now + LEASE, limit=limit)
    crash_point(CrashPoint.INBOX_CLAIMED)

    async def work(notification: Notification) -> None:
        # A task of its own, with variables of its own: its lines carry the id it arrived with.
        structlog.contextvars.bind_contextvars(**{"trace.id": notification.request_id})
        await _process(db, gateway, clock, notification)

    await each(claimed, work, at_once=AT_ONCE)
    return len(claimed)


async def _process(
    db: Database, gateway: PaymentGateway, clock: Clock, notification: Notification
) -> None:
    event, object_id = notification.event or "", notification.object_id
    if notification.attempts > ATTEMPTS_MAX:
        await _finish(db, clock, notification, Outcome.GIVEN_UP)
        return
    if object_id is None or not event.startswith(("payment.", "refund.")):
        await _finish(db, clock, notification, Outcome.IGNORED)
        return
    of_refund = event.startswith("refund.")
    find = gateway.find_refund if of_refund else gateway.find_payment
    seen = await find(object_id)
    if isinstance(seen, Accepted | RefundAccepted):
        await _apply(db, gateway, clock, notification, seen)
    elif isinstance(seen, Missing):
        await _finish(db, clock, notification, Outcome.UNKNOWN_PAYMENT)
    else:
        async with db.begin() as session:
            next_at = clock.real_now() + pause_after(notification.attempts)
            await postpone_notification(session, notification.id, next_at)


async def _apply(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    notification: Notification,
    seen: Accepted | RefundAccepted,
) -> None:
    """Object and notification end in one transaction: neither can be done without the other."""
    if isinstance(seen, RefundAccepted) and seen.refund.payment_id is not None:
        # News of a refund may come before the news of its payment, so that is asked for first.
        await settle_look_at(db, gateway, clock, seen.refund.payment_id)
    crash_point(CrashPoint.INBOX_SEEN)

    async def apply(session: WriteSession) -> None:
        if isinstance(seen, RefundAccepted):
            outcome = REFUNDS[await settle_seen_refund(session, seen.refund, clock.now())]
        else:
            outcome = await _settle(session, gateway, clock, seen.payment)
        await finish_notification(session, notification.id, outcome, clock.real_now())
        crash_point(CrashPoint.INBOX_APPLIED)

    await db.transact(apply)
    crash_point(CrashPoint.INBOX_DONE)


async def _settle(
    session: WriteSession, gateway: PaymentGateway, clock: Clock, found: ProviderPayment
) -> Outcome:
    payment_id = await find_payment_id(session, found.id, parse_uid(found.payment_uid))
    if payment_id is None:
        return Outcome.UNKNOWN_PAYMENT
    return _outcome(await settle_payment(session, payment_id, found, gateway.shop, clock.now()))


def _outcome(settled: Settled) -> Outcome:
    if settled.effect in {Effect.FOREIGN, Effect.QUARANTINED}:
        return Outcome.MISMATCH
    return Outcome.SETTLED if settled.payment.is_final else Outcome.UNCHANGED


async def _finish(db: Database, clock: Clock, notification: Notification, outcome: Outcome) -> None:
    async with db.begin() as session:
        await finish_notification(session, notification.id, outcome, clock.real_now())
