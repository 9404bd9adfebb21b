"""The cases of refunds."""

from datetime import timedelta
from uuid import UUID

from contract.cases import DAY, case, create
from contract.our_side import NOBODY, fresh

REASONS = ("insufficient_funds", "rejected_by_payee", "rejected_by_timeout", "general_decline")


async def paid(side, control):
    """A payment of 1342.00 that may be refunded."""
    payment = await create(side)
    control.pay(payment.id)
    return payment


def make_refund(payment_id: str, value: str = "342.00", uid: UUID | None = None, **changes):
    """The body of a refund under an id of ours."""
    return {
        "payment_id": payment_id,
        "amount": {"value": value, "currency": "RUB"},
        "description": "Возврат по обращению",
        "metadata": {"refund_uid": str(uid or fresh()[0])},
        **changes,
    }


@case("POST /refunds", "GET /refunds/{id}", expected="done done missing")
async def money_goes_back_at_once(side, control):
    payment = await paid(side, control)
    uid, key = fresh()
    made = await side.create_refund(key, make_refund(payment.id, uid=uid))
    assert (made.refund.status, made.refund.payment_id) == ("succeeded", payment.id)
    assert (made.refund.amount.minor, made.refund.refund_uid) == (34_200, str(uid))
    found = await side.find_refund(made.refund.id)
    assert found == made
    [theirs] = control.refunds_of(payment.id)
    assert theirs["description"] == "Возврат по обращению"
    return [made, found, await side.find_refund(NOBODY)]


@case("POST /refunds", expected="done done invalid_request done")
async def one_key_is_one_refund_for_a_day(side, control):
    payment = await paid(side, control)
    uid, key = fresh()
    first, again = [await side.create_refund(key, make_refund(payment.id, uid=uid)) for _ in "12"]
    assert first == again
    other = await side.create_refund(key, make_refund(payment.id, "1.00", uid))
    assert other.description == "Idempotence key duplicated"
    assert len(control.refunds_of(payment.id)) == 1
    control.advance(DAY + 60)
    later = await side.create_refund(key, make_refund(payment.id, uid=uid))
    assert later.refund.id != first.refund.id
    return [first, again, other, later]


@case("POST /refunds", expected=" ".join(["invalid_request"] * 5 + ["not_found"]))
async def what_a_payment_cannot_give_back(side, control):
    payment, pending = await paid(side, control), await create(side)
    wrong = (
        (make_refund(payment.id, "1342.01"), "Refund sum exceeded"),
        (make_refund(payment.id, "0.99"), "Refund amount must be at least 1.00 RUB"),
        (
            make_refund(payment.id, "1341.50"),
            "Remaining payment amount after refund must be greater than 1.00 RUB",
        ),
        (
            make_refund(payment.id, amount={"value": "10.00", "currency": "USD"}),
            "Currency code is illegal",
        ),
        (make_refund(pending.id), "Payment can not be refunded in current status"),
        (make_refund(NOBODY), "Payment doesn't exist or access denied"),
    )
    outcomes = []
    for body, description in wrong:
        outcomes.append(await side.create_refund(fresh()[1], body))
        assert outcomes[-1].description == description
    assert control.refunds_of(payment.id) == []
    return outcomes


@case("POST /refunds", expected="done done invalid_request")
async def parts_go_back_until_nothing_is_left(side, control):
    payment = await paid(side, control)
    bodies = [make_refund(payment.id, value) for value in ("342.00", "1000.00", "1.00")]
    outcomes = [await side.create_refund(fresh()[1], body) for body in bodies]
    assert outcomes[-1].description == "Payment is already completely refunded"
    return outcomes


@case("POST /refunds", "GET /refunds/{id}", expected="done done done")
async def a_refund_may_take_its_time(side, control):
    payment = await paid(side, control)
    control.fault("refund_pending", method="POST", delay=3600)
    _, key = fresh()
    body = make_refund(payment.id)
    made = await side.create_refund(key, body)
    assert made.refund.status == "pending"
    control.advance(3601)
    found = await side.find_refund(made.refund.id)
    assert found.refund.status == "succeeded"
    again = await side.create_refund(key, body)
    assert again == found
    return [made, found, again]


@case("GET /refunds/{id}", expected=" ".join(["done"] * len(REASONS)))
async def a_refund_that_fails_says_who_and_why(side, control):
    payment = await paid(side, control)
    outcomes = []
    for reason in REASONS:
        control.fault("refund_pending", method="POST")
        made = await side.create_refund(fresh()[1], make_refund(payment.id, "1342.00"))
        control.end_refund(made.refund.id, reason)
        outcomes.append(await side.find_refund(made.refund.id))
        refund = outcomes[-1].refund
        assert (refund.status, refund.cancellation_reason) == ("canceled", reason)
    return outcomes


@case("GET /refunds", expected="done done unknown")
async def refunds_are_listed_with_those_of_the_cabinet(side, control):
    since, until = control.now(), control.now() + timedelta(hours=1)
    payment, other = await paid(side, control), await paid(side, control)
    ours = await side.create_refund(fresh()[1], make_refund(payment.id))
    await side.create_refund(fresh()[1], make_refund(other.id))
    control.refund_in_cabinet(payment.id)
    listed = await side.list_refunds(since, until, payment_id=payment.id)
    theirs, mine = listed.refunds
    assert mine == ours.refund
    assert (theirs.amount.minor, theirs.refund_uid, theirs.status) == (100_000, None, "succeeded")
    everything = await side.list_refunds(since, until)
    assert len(everything.refunds) == 3
    return [listed, everything, await side.list_refunds(since, until, "nobody's")]
