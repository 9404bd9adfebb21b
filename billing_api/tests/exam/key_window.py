"""A day and an hour after a send whose outcome nobody knows: looked for, and never sent again.

The provider has forgotten the key by then, so one more POST would be one more payment.
"""

import random
import time
from dataclasses import dataclass
from uuid import UUID

from billing.flows.settle_attempt import settle_attempt
from billing.flows.verify_books import verify_books
from billing.payments.attempt_store import claim_attempts
from exam.hours import Shop, open_shop, recovering, wrong_credits
from exam.place import open_place
from exam.result import Result, report

NAME = "key window passed"
ACCEPTED = ("error_500_after", "drop_after", "html_504", "truncated_json", "processing_202")
LOST = ("error_500_before", "drop_before", "html_503")
HOURS, CONTROL_TRIALS = 25, 4
ROUNDS, ROUND_SECONDS = 6, 31 * 60


@dataclass(frozen=True)
class _Sent:
    payment_id: str
    minor: int
    is_accepted: bool


async def key_window(trials: int, seed: int) -> Result:
    """A trial is one payment whose answer was lost; the provider has it, or has it not."""
    began, chance = time.monotonic(), random.Random(seed)
    failures = await _run(trials, chance, naive=False)
    report(NAME, failures)
    naive = await _run(CONTROL_TRIALS, chance, naive=True)
    caught = sum("2 payments at the provider" in failure for failure in naive) > 0
    return Result(NAME, trials, len(failures), seed, time.monotonic() - began, caught)


async def _run(trials: int, chance: random.Random, *, naive: bool) -> list[str]:
    look = _send_again if naive else recovering()
    async with open_place() as place, open_shop(place, look=look) as shop:
        # The control's are all accepted, for there is no second without a first.
        sent = [await _send(shop, chance, surely=naive) for _ in range(trials)]
        shop.advance(HOURS * 3600)
        shop.control.count_calls()
        for _ in range(ROUNDS):
            await shop.work()
            shop.advance(ROUND_SECONDS)
        posts = shop.control.calls("POST")
        failures = [f"{posts} POSTs after the window"] if posts else []
        failures += await _judge(shop, sent)
        failures += [f"books: {c.name}" for c in await verify_books(place.database) if c.violations]
    return failures


async def _send(shop: Shop, chance: random.Random, *, surely: bool) -> _Sent:
    is_accepted = surely or chance.random() < 0.5
    shop.control.arm(chance.choice(ACCEPTED if is_accepted else LOST), "POST", times=1)
    minor = chance.randrange(100, 1_000_000)
    created = await shop.buy(str(UUID(int=chance.getrandbits(128))), minor)
    shop.advance(chance.randrange(1, 4))
    return _Sent(created.payment_id, minor, is_accepted)


async def _judge(shop: Shop, sent: list[_Sent]) -> list[str]:
    """What the provider has is payable, is paid and credited once; what it has not is given up."""
    failures, paid = [], {}
    theirs = shop.control.payments()
    states = await shop.states(one.payment_id for one in sent)
    for one in sent:
        row, objects = states[one.payment_id], theirs.get(one.payment_id, [])
        if len(objects) != int(one.is_accepted):
            failures.append(f"{one.payment_id}: {len(objects)} payments at the provider")
        state = (row["status"], row["undecided"], row["cancellation_reason"], row["provider_id"])
        expected = ("canceled", False, "provider_never_received", None)
        if one.is_accepted and objects:
            expected = ("pending", False, None, objects[0])
            await shop.pay(objects[0])
            paid[one.payment_id] = one.minor
        if state != expected:
            failures.append(f"{one.payment_id}: {state} instead of {expected}")
    await shop.work()
    return failures + wrong_credits(await shop.states(states), paid)


async def _send_again(shop: Shop) -> int:
    """The control: whatever is open is sent once more, however old its key is."""
    place = shop.place
    async with place.database.begin() as session:
        now = place.clock.now()
        due = await claim_attempts(session, now=now, real_now=now, lease_until=now, limit=1000)
    for attempt in due:
        outcome = await shop.gateway.create_payment(attempt.id, attempt.body, seconds=10)
        async with place.database.begin() as session:
            await settle_attempt(
                session,
                attempt.payment_id,
                attempt.id,
                outcome,
                shop=shop.gateway.shop,
                now=place.clock.now(),
            )
    return len(due)
