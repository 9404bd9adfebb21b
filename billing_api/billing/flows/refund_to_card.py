"""Refund a payment to the payer's card: look, reserve on the balance, ask the provider, settle.

The money is set aside before anybody is asked, so it can be spent by nobody meanwhile; what the
provider does not do goes back to the balance.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from billing.balance.problems import insufficient
from billing.balance.store import lock_balance
from billing.flows.settle_journal import settle_journal
from billing.flows.settle_key import LEASE, settle_answer, settle_claim
from billing.flows.settle_look import settle_look
from billing.flows.settle_payment import save_and_tell
from billing.flows.settle_refund_attempt import settle_refund_attempt
from billing.flows.settle_refundable import settle_refundable
from billing.gateway.port import PaymentGateway, RefundIntent
from billing.idempotency.rules import Answered, KeyScope, StoredAnswer
from billing.ledger.chart import AccountKind
from billing.ledger.kinds import JournalKind
from billing.ledger.rules import Journal, lines_of
from billing.outbox.store import add_event
from billing.payments.attempt_store import add_attempt
from billing.payments.attempts import Attempt, AttemptKind, AttemptState
from billing.payments.queries import get_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database, WriteSession
from billing.platform.ids import new_id
from billing.platform.money import Money
from billing.platform.strict_json import dump_json
from billing.refunds import rules
from billing.refunds.queries import get_refund
from billing.refunds.rules import Refund, RefundTo
from billing.refunds.store import add_refund

CALL_SECONDS = 7.0


@dataclass(frozen=True, slots=True)
class RefundToCard:
    """`owner` None: the caller may act for every customer; `amount` None: all that is left."""

    payment_id: UUID
    owner: str | None
    amount: Money | None
    reason: str
    requested_by: str
    request_id: str


async def refund_to_card(
    db: Database,
    gateway: PaymentGateway,
    clock: Clock,
    command: RefundToCard,
    scope: KeyScope | None,
) -> Answered:
    """201 when the provider has answered, 202 while nobody can tell; only a 201 is kept.

    Raises PaymentNotFound, PaymentNotRefundable, RefundExceedsPayment, RefundLeavesTooLittle,
    InsufficientFunds, IdempotencyKeyReused and IdempotencyInProgress.
    """
    async with db.read() as session:
        known = await get_payment(session, command.payment_id, command.owner)
    if not known.is_final:
        # The payer may have been quicker than the notification.
        await settle_look(db, gateway, clock, known)
    reserved = await db.transact(lambda session: _reserve(session, gateway, clock, command, scope))
    if isinstance(reserved, Answered):
        return reserved
    refund_id, attempt = reserved
    crash_point(CrashPoint.REFUND_INTENT_KEPT)
    outcome = await gateway.create_refund(attempt.id, attempt.body, seconds=CALL_SECONDS)
    crash_point(CrashPoint.REFUND_ANSWERED)

    async def settle(session: WriteSession) -> Answered:
        settled = await settle_refund_attempt(session, refund_id, attempt.id, outcome, clock.now())
        answered = await _answer(session, settled, scope)
        crash_point(CrashPoint.REFUND_SETTLED)
        return answered

    answered = await db.transact(settle)
    crash_point(CrashPoint.REFUND_DONE)
    return answered


async def _reserve(
    session: WriteSession,
    gateway: PaymentGateway,
    clock: Clock,
    command: RefundToCard,
    scope: KeyScope | None,
) -> Answered | tuple[UUID, Attempt]:
    """The answer where the key has one, else what to ask the provider."""
    refund_id = new_id()
    claim = await settle_claim(session, clock, scope, refund_id)
    if claim is not None and not claim.is_new:
        if claim.answer is not None:
            return Answered(claim.object_id, claim.answer, replayed=True)
        return await _answer(session, await get_refund(session, claim.object_id, None), scope)
    now = clock.now()
    wanted, to = command.amount, RefundTo.CARD
    payment, amount = await settle_refundable(session, command.payment_id, wanted, to)
    if payment.provider_id is None:
        raise RuntimeError(f"payment {payment.id} was taken by a provider that never had it")
    balance = await lock_balance(session, payment.customer_id, amount.currency, now)
    if balance.paid_minor < amount.minor:
        raise insufficient(Money(amount.minor - balance.paid_minor, amount.currency))
    refund = rules.begun(
        payment.id,
        payment.customer_id,
        amount,
        command.reason,
        refund_id=refund_id,
        to=to,
        requested_by=command.requested_by,
        now=now,
    )
    await add_refund(session, refund)
    refunding = payment.refunding_minor + amount.minor
    await save_and_tell(session, replace(payment, refunding_minor=refunding), now)
    lines = lines_of(
        amount.currency,
        payment.customer_id,
        (AccountKind.CUSTOMER_PAID, -amount.minor),
        (AccountKind.CUSTOMER_HELD, amount.minor),
    )
    kind = JournalKind.REFUND_RESERVED
    await settle_journal(
        session, balance, Journal(new_id(), kind, now, lines, payment.id, refund_id)
    )
    await add_event(session, "refund.requested", refund_id, at=now, data=rules.tell(refund))
    intent = RefundIntent(
        refund_id, payment.provider_id, amount, command.reason, command.request_id
    )
    attempt = _attempt(refund, gateway.write_refund(intent))
    await add_attempt(session, attempt, lease_until=clock.real_now() + LEASE)
    crash_point(CrashPoint.REFUND_INTENT_WRITTEN)
    return refund_id, attempt


def _attempt(refund: Refund, body: bytes) -> Attempt:
    return Attempt(
        id=new_id(),
        payment_id=refund.payment_id,
        number=1,
        body=body,
        state=AttemptState.SENT,
        sends=1,
        created_at=refund.created_at,
        kind=AttemptKind.REFUND,
        refund_id=refund.id,
    )


async def _answer(session: WriteSession, refund: Refund, scope: KeyScope | None) -> Answered:
    final = not refund.undecided
    answer = StoredAnswer(201 if final else 202, dump_json(rules.describe(refund)))
    await settle_answer(session, scope, answer, final=final)
    return Answered(refund.id, answer, replayed=False)
