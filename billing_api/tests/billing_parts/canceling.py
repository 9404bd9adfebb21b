"""What tests of canceling read and do."""

import json

from billing.flows.recover_attempts import recover_attempts


def shown(canceled) -> dict:
    return json.loads(canceled.answer.body)


def provider_status(sandbox, payment) -> str:
    [theirs] = sandbox.payments_of(payment.id)
    return theirs["status"]


async def work(database, gateway, clock, seconds=400):
    """What the worker does after a while."""
    clock.advance(seconds=seconds)
    while await recover_attempts(database, gateway, clock):
        pass
