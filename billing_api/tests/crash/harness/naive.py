"""The control: a create without the intent row. It asks the provider first and stores afterwards.

Made of the same gateway and the same stores, and right as long as nothing dies in between.
"""

from sqlalchemy import text

from billing.flows.create_payment import Created, CreatePayment
from billing.flows.settle_attempt import settle_attempt
from billing.gateway.port import PaymentGateway, PaymentIntent
from billing.idempotency.rules import KeyScope, StoredAnswer
from billing.idempotency.store import claim_key, keep_answer
from billing.payments import rules
from billing.payments.attempt_store import add_attempt
from billing.payments.attempts import Attempt, AttemptState
from billing.payments.store import NewPayment, add_payment
from billing.platform.clock import Clock
from billing.platform.crash_points import CrashPoint, crash_point
from billing.platform.database import Database
from billing.platform.ids import new_id
from billing.platform.strict_json import dump_json

POINTS = (
    CrashPoint.CREATE_BEGUN,
    CrashPoint.CREATE_ANSWERED,
    CrashPoint.CREATE_SETTLED,
    CrashPoint.CREATE_DONE,
)
# Where the provider has the payment and we have nothing.
FATAL = frozenset({CrashPoint.CREATE_ANSWERED, CrashPoint.CREATE_SETTLED})
_KNOWN = text("""
    SELECT object_id, answer_status, answer_body FROM idempotency_keys
    WHERE caller = :caller AND route = :route AND key = :key
""")


async def naive_create(
    db: Database, gateway: PaymentGateway, clock: Clock, command: CreatePayment, scope: KeyScope
) -> Created:
    async with db.read() as session:
        place = {"caller": scope.caller, "route": scope.route, "key": scope.key}
        known = await session.first(_KNOWN, place)
    if known is not None:
        answer = StoredAnswer(known["answer_status"], bytes(known["answer_body"]))
        return Created(str(known["object_id"]), answer, replayed=True)
    crash_point(CrashPoint.CREATE_BEGUN)
    payment_id, now = new_id(), clock.now()
    return_url = command.default_return_url.format(id=payment_id)
    intent = PaymentIntent(
        payment_id, command.amount, command.description, return_url, command.request_id
    )
    body = gateway.write_intent(intent)
    attempt = Attempt(new_id(), payment_id, 1, body, AttemptState.SENT, 1, now)
    outcome = await gateway.create_payment(attempt.id, body, seconds=7)
    crash_point(CrashPoint.CREATE_ANSWERED)
    new = NewPayment(
        payment_id, command.customer_id, command.amount, command.description, return_url
    )
    async with db.begin() as session:
        await claim_key(session, scope, payment_id, real_now=now, lease_until=now)
        await add_payment(session, new, now)
        await add_attempt(session, attempt, lease_until=now)
        settled = await settle_attempt(
            session, payment_id, attempt.id, outcome, shop=gateway.shop, now=now
        )
        answer = StoredAnswer(201, dump_json(rules.describe(settled)))
        await keep_answer(session, scope, answer)
        crash_point(CrashPoint.CREATE_SETTLED)
    crash_point(CrashPoint.CREATE_DONE)
    return Created(str(payment_id), answer, replayed=False)
