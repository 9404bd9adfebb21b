"""Create a payment: reserve, ask the provider, settle. Two transactions and no call inside either.

A crash anywhere leaves the committed intention with its key and bytes, and the worker goes on.
"""

from dataclasses import dataclass

from billing.changes.store import record_change
from billing.flows.settle_attempt import settle_attempt
from billing.flows.settle_key import LEASE, settle_answer, settle_claim
from billing.gateway.port import PaymentGateway, PaymentIntent
from billing.idempotency.rules import Claim, KeyScope, StoredAnswer
from billing.payments import rules
from billing.payments.attempt_store import add_attempt
from billing.payments.attempts import Attempt, AttemptState
from billing.payments.queries import get_payment
from billing.payments.rules import OnExpiry, Payment
from billing.payments.store import NewPayment, add_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.strict_json import dump_json

CALL_SECONDS = 7.0


@dataclass(frozen=True, slots=True)
class CreatePayment:
    """`default_return_url` carries `{id}`, for it names the payment made here."""

    customer_id: str
    amount: Money
    description: str | None
    return_url: str | None
    default_return_url: str
    request_id: str
    capture: bool = True
    on_expiry: OnExpiry | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """`replayed`: the very bytes given before. A 202 is not final and is never kept."""

    payment_id: str
    answer: StoredAnswer
    replayed: bool


async def create_payment(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    command: CreatePayment,
    scope: KeyScope | None,
) -> Created:
    """Raises IdempotencyKeyReused and IdempotencyInProgress."""
    now = clock.now()
    payment, attempt = _plan(gateway, command, clock)
    lease_until = clock.real_now() + LEASE
    crash_point(CrashPoint.CREATE_BEGUN)

    async def reserve(session: WriteSession) -> Claim | None:
        claim = await settle_claim(session, clock, scope, payment.id)
        if claim is None or claim.is_new:
            reserved = await add_payment(session, payment, now)
            await add_attempt(session, attempt, lease_until=lease_until)
            data = rules.snapshot(reserved)
            await record_change(session, "payment", reserved.id, version=1, at=now, data=data)
            crash_point(CrashPoint.CREATE_INTENT_WRITTEN)
        return claim

    claim = await db.transact(reserve)
    if claim is not None and not claim.is_new:
        return await _repeat(db, claim, scope)
    crash_point(CrashPoint.CREATE_INTENT_KEPT)
    outcome = await gateway.create_payment(attempt.id, attempt.body, seconds=CALL_SECONDS)
    crash_point(CrashPoint.CREATE_ANSWERED)

    async def settle(session: WriteSession) -> Created:
        settled = await settle_attempt(
            session, payment.id, attempt.id, outcome, shop=gateway.shop, now=clock.now()
        )
        created = await _answer(session, settled, scope)
        crash_point(CrashPoint.CREATE_SETTLED)
        return created

    created = await db.transact(settle)
    crash_point(CrashPoint.CREATE_DONE)
    return created


def _plan(
    gateway: PaymentGateway, command: CreatePayment, clock: Clock
) -> tuple[NewPayment, Attempt]:
    payment_id = new_id()
    return_url = command.return_url or command.default_return_url.format(id=payment_id)
    body = gateway.write_intent(
        PaymentIntent(
            payment_id,
            command.amount,
            command.description,
            return_url,
            command.request_id,
            command.capture,
        )
    )
    attempt = Attempt(new_id(), payment_id, 1, body, AttemptState.SENT, 1, clock.now())
    payment = NewPayment(
        payment_id,
        command.customer_id,
        command.amount,
        command.description,
        return_url,
        command.capture,
        command.on_expiry,
    )
    return payment, attempt


async def _repeat(db: Database, claim: Claim, scope: KeyScope | None) -> Created:
    if claim.answer is not None:
        return Created(str(claim.object_id), claim.answer, replayed=True)
    async with db.begin() as session:
        payment = await get_payment(session, claim.object_id, None)
        return await _answer(session, payment, scope)


async def _answer(session: WriteSession, payment: Payment, scope: KeyScope | None) -> Created:
    final = not payment.undecided
    answer = StoredAnswer(201 if final else 202, dump_json(rules.describe(payment)))
    await settle_answer(session, scope, answer, final=final)
    return Created(str(payment.id), answer, replayed=False)
