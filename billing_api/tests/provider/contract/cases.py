"""Cases that every client of the provider is put through: the same calls, the same outcomes.

A case names the calls it makes and the verdict of each outcome: its kind, or the refusal's code.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from contract.our_side import NOBODY, fresh, make_body
from contract.outcomes import Outcome

DAY = 86_400
REDIRECT = {"type": "redirect", "return_url": "https://shop.test/back?o=7&x=a%20b#part"}
# Every reason the sandbox can give, and one that nobody knows yet.
DECLINES = (
    *("insufficient_funds", "country_forbidden", "3d_secure_failed", "call_issuer"),
    *("expired_on_confirmation", "canceled_by_merchant", "general_decline", "fraud_suspected"),
)
Run = Callable[..., Awaitable[list[Outcome]]]


@dataclass(frozen=True)
class Case:
    routes: tuple[str, ...]
    expected: tuple[str, ...]
    run: Run
    sides: tuple[str, ...] = ("sdk", "ours")


CASES: dict[str, Case] = {}


# Calls of the provider that our port does not have, and why.
NOT_NEEDED = {
    "GET /me": "which shop it is, every payment says in its recipient",
}


def case(*routes: str, expected: str, only: str | None = None) -> Callable[[Run], Run]:
    def keep(run: Run) -> Run:
        sides = ("sdk", "ours") if only is None else (only,)
        CASES[run.__name__] = Case(routes, tuple(expected.split()), run, sides)
        return run

    return keep


async def create(side, **changes):
    """A payment that is only a beginning."""
    uid, key = fresh()
    outcome = await side.create(key, make_body(uid, **changes))
    assert outcome.kind == "done", outcome
    return outcome.payment


@case("POST /payments", expected="done done done done done")
async def every_way_to_confirm(side, control):
    asked = (
        REDIRECT,
        {**REDIRECT, "locale": "en_US", "enforce": True},
        {"type": "embedded"},
        {"type": "qr", "return_url": "https://shop.test/back"},
        {"type": "external"},
    )
    outcomes = []
    for confirmation in asked:
        uid, key = fresh()
        outcomes.append(await side.create(key, make_body(uid, confirmation=confirmation)))
    assert all(outcome.payment.confirmation_url for outcome in outcomes[:2])
    assert not any(outcome.payment.confirmation_url for outcome in outcomes[2:])
    return outcomes


@case("POST /payments", expected="done done done done done done")
async def amounts_to_the_kopeck(side, control):
    outcomes = []
    for minor in (100, 101, 1999, 134200, 33333333, 35000000):
        uid, key = fresh()
        outcome = await side.create(key, make_body(uid, minor))
        assert outcome.payment.amount.minor == minor
        outcomes.append(outcome)
    return outcomes


@case("POST /payments", "GET /payments/{id}", expected="done done")
async def words_of_every_script_come_back(side, control):
    uid, key = fresh()
    text = "Ёлка «Ночь» — 你好 🦔 <b>&amp;\\ \"'"
    metadata = {"payment_uid": str(uid), "ключ": text, "пусто": ""}
    created = await side.create(key, make_body(uid, description=text, metadata=metadata))
    [theirs] = control.payments_of(uid)
    assert theirs["description"] == text
    assert theirs["metadata"]["ключ"] == text
    assert created.payment.payment_uid == str(uid)
    return [created, await side.get(created.payment.id)]


@case("POST /payments", expected="done done done")
async def one_key_is_one_payment_and_a_repeat_shows_it_as_it_is_now(side, control):
    uid, key = fresh()
    first = await side.create(key, make_body(uid))
    second = await side.create(key, make_body(uid))
    control.pay(first.payment.id)
    third = await side.create(key, make_body(uid))
    assert first == second
    assert third.payment.id == first.payment.id
    assert third.payment.status == "succeeded"
    assert len(control.payments_of(uid)) == 1
    return [first, second, third]


@case("POST /payments", expected="done done done")
async def a_day_later_the_key_is_forgotten_and_the_same_bytes_are_a_second_payment(side, control):
    """Why nobody may repeat a call of yesterday."""
    uid, key = fresh()
    first = await side.create(key, make_body(uid))
    control.advance(DAY - 60)
    second = await side.create(key, make_body(uid))
    control.advance(120)
    third = await side.create(key, make_body(uid))
    assert second.payment.id == first.payment.id
    assert second.payment.cancellation_reason == "expired_on_confirmation"
    assert third.payment.id != first.payment.id
    assert len(control.payments_of(uid)) == 2
    return [first, second, third]


@case("POST /payments", expected="done invalid_request done")
async def one_key_with_another_body_is_refused(side, control):
    uid, key = fresh()
    first = await side.create(key, make_body(uid))
    other = await side.create(key, make_body(uid, 500))
    assert other.description == "Idempotence key duplicated"
    _, another_key = fresh()
    return [first, other, await side.create(another_key, make_body(uid, 500))]


@case("POST /payments", "POST /payments/{id}/cancel", expected="done invalid_request")
async def one_key_stands_for_one_call(side, control):
    uid, key = fresh()
    held = await side.create(key, make_body(uid, capture=False))
    control.pay(held.payment.id)
    return [held, await side.cancel(key, held.payment.id)]


@case("POST /payments", expected=" ".join(["invalid_request"] * 6))
async def what_the_provider_refuses_at_once(side, control):
    wrong = (
        {"amount": {"value": "0.50", "currency": "RUB"}},
        {"amount": {"value": "350000.01", "currency": "RUB"}},
        {"amount": {"value": "10.00", "currency": "USD"}},
        {"metadata": {f"k{n}": "v" for n in range(17)}},
        {"metadata": {"key": "v" * 513}},
        {"confirmation": {"type": "redirect", "return_url": "not an address"}},
    )
    outcomes = []
    for change in wrong:
        uid, key = fresh()
        outcomes.append(await side.create(key, make_body(uid, **change)))
        assert control.payments_of(uid) == []
    return outcomes


@case("POST /payments", expected="invalid_request invalid_request")
async def a_refusal_burns_its_key(side, control):
    uid, key = fresh()
    wrong = make_body(uid, amount={"value": "0.10", "currency": "RUB"})
    return [await side.create(key, wrong), await side.create(key, make_body(uid))]


@case("GET /payments/{id}", expected="done done missing")
async def a_payment_is_found_before_and_after_it_is_paid(side, control):
    payment = await create(side)
    before = await side.get(payment.id)
    control.pay(payment.id)
    after = await side.get(payment.id)
    assert (before.payment.status, after.payment.status) == ("pending", "succeeded")
    assert after.payment.captured_at is not None
    assert after.payment.confirmation_url is None
    return [before, after, await side.get(NOBODY)]


@case("GET /payments/{id}", expected="done done")
async def held_money_is_seen_and_lost_after_seven_days(side, control):
    payment = await create(side, capture=False)
    control.pay(payment.id)
    held = await side.get(payment.id)
    assert held.payment.status == "waiting_for_capture"
    assert held.payment.expires_at - control.now() > timedelta(days=6)
    control.advance(7 * DAY + 60)
    gone = await side.get(payment.id)
    assert gone.payment.status == "canceled"
    assert gone.payment.cancellation_reason == "expired_on_capture"
    return [held, gone]


@case("GET /payments/{id}", expected=" ".join(["done"] * len(DECLINES)))
async def a_decline_says_who_and_why(side, control):
    outcomes = []
    for reason in DECLINES:
        payment = await create(side)
        control.decline(payment.id, reason)
        outcome = await side.get(payment.id)
        assert outcome.payment.cancellation_reason == reason
        outcomes.append(outcome)
    parties = {outcome.payment.cancellation_party for outcome in outcomes}
    assert parties == {"merchant", "yoo_money", "payment_network"}
    return outcomes


@case("POST /payments/{id}/cancel", expected="done done invalid_request")
async def held_money_goes_back_once(side, control):
    payment = await create(side, capture=False)
    control.pay(payment.id)
    _, key = fresh()
    first = await side.cancel(key, payment.id)
    assert first.payment.status == "canceled"
    assert first.payment.cancellation_reason == "canceled_by_merchant"
    again = await side.cancel(key, payment.id)
    assert again == first
    _, another_key = fresh()
    return [first, again, await side.cancel(another_key, payment.id)]


@case("POST /payments/{id}/cancel", expected="invalid_request invalid_request not_found")
async def what_is_not_held_cannot_be_canceled(side, control):
    pending = await create(side)
    paid = await create(side)
    control.pay(paid.id)
    return [await side.cancel(fresh()[1], one) for one in (pending.id, paid.id, NOBODY)]


@case("GET /payments", expected="done done unknown")
async def lists_of_nothing_of_something_and_by_a_cursor_of_nobody(side, control):
    made = await create(side)
    now = control.now() + timedelta(seconds=1)
    long_ago = now - timedelta(days=900)
    empty = await side.list(long_ago, long_ago + timedelta(hours=1))
    assert (empty.items, empty.next_cursor) == ((), None)
    some = await side.list(made.created_at, now)
    assert some.items[-1].id == made.id
    return [empty, some, await side.list(long_ago, now, "nobody's")]


@case("POST /payments/{id}/capture", expected="done done invalid_request")
async def held_money_is_taken_whole_once(side, control):
    payment = await create(side, capture=False)
    control.pay(payment.id)
    _, key = fresh()
    first = await side.capture(key, payment.id)
    assert (first.payment.status, first.payment.amount) == ("succeeded", payment.amount)
    again = await side.capture(key, payment.id)
    assert again == first
    return [first, again, await side.capture(fresh()[1], payment.id)]


@case("POST /payments/{id}/capture", expected="invalid_request invalid_request done")
async def no_more_is_taken_than_is_held(side, control):
    payment = await create(side, capture=False)
    early = await side.capture(fresh()[1], payment.id)
    assert early.description == "Payment can not be captured in current status"
    control.pay(payment.id)
    more, part = ({"value": value, "currency": "RUB"} for value in ("1342.01", "100.00"))
    refused = await side.capture(fresh()[1], payment.id, more)
    assert refused.description == "Illegal amount for capture"
    taken = await side.capture(fresh()[1], payment.id, part)
    assert taken.payment.amount.minor == 10_000
    return [early, refused, taken]


@case("GET /me", expected="done", only="sdk")
async def the_shop_describes_itself(side, control):
    return [await side.me()]
