"""What the official SDK shows of refunds that no case of both clients does."""

import asyncio

import pytest
from contract.our_side import NOBODY, fresh
from contract.refund_cases import make_refund, paid
from contract.sdk_side import read_sdk_refund
from yookassa import Payment, Refund
from yookassa.domain.exceptions import (
    BadRequestError,
    InternalServerError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)
from yookassa.domain.notification import WebhookNotificationEventType, WebhookNotificationFactory
from yookassa.domain.response import RefundResponse

ALWAYS = {"id", "payment_id", "status", "amount", "created_at", "description", "metadata"}


@pytest.mark.parametrize("status", ["pending", "succeeded", "canceled"])
async def test_each_status_shows_the_sdk_its_own_fields_and_no_others(status, sdk, control):
    payment = await paid(sdk, control)
    if status == "canceled":
        control.fault("refund_canceled", method="POST", reason="insufficient_funds")
    if status == "pending":
        control.fault("refund_pending", method="POST")
    made = await asyncio.to_thread(lambda: Refund.create(make_refund(payment.id)))
    more = {"cancellation_details"} if status == "canceled" else set()
    assert set(dict(made)) == ALWAYS | more
    assert (made.status, len(made.id), made.payment_id) == (status, 36, payment.id)
    if status == "canceled":
        details = made.cancellation_details
        assert (details.party, details.reason) == ("yoo_money", "insufficient_funds")
    found = await asyncio.to_thread(lambda: Refund.find_one(made.id))
    assert dict(found) == dict(made)
    theirs = await asyncio.to_thread(lambda: Payment.find_one(payment.id))
    went_back = "342.00" if status == "succeeded" else "0.00"
    assert (theirs.status, str(theirs.refunded_amount.value)) == ("succeeded", went_back)


async def test_lists_are_filtered_and_paged(sdk, control):
    payment = await paid(sdk, control)
    made = [
        (await sdk.create_refund(fresh()[1], make_refund(payment.id, "10.00"))).refund.id
        for _ in range(5)
    ]
    listed, cursor = [], None
    for size in (2, 2, 1):
        query = {"payment_id": payment.id, "status": "succeeded", "limit": 2}
        query |= {"cursor": cursor} if cursor else {}
        page = await asyncio.to_thread(lambda asked=query: Refund.list(asked))
        assert (page.type, len(page.items)) == ("list", size)
        listed += [one.id for one in page.items]
        cursor = page.next_cursor
    assert cursor is None
    assert listed == made[::-1]
    none = await asyncio.to_thread(lambda: Refund.list({"status": "canceled", "limit": 1}))
    assert all(one.payment_id != payment.id for one in none.items)


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ({"mode": "refusal", "status": 400}, BadRequestError),
        ({"mode": "refusal", "status": 404}, NotFoundError),
        ({"mode": "auth_401"}, UnauthorizedError),
        ({"mode": "rate_429"}, TooManyRequestsError),
        ({"mode": "error_500_after"}, InternalServerError),
    ],
)
async def test_every_call_of_refunds_throws_what_the_sdk_maps(spec, error, sdk, control):
    payment = await paid(sdk, control)
    calls = (
        ("POST", lambda: Refund.create(make_refund(payment.id))),
        ("GET", lambda: Refund.find_one(NOBODY)),
        ("GET", lambda: Refund.list({})),
    )
    for method, call in calls:
        control.fault(method=method, **spec)
        with pytest.raises(error):
            await asyncio.to_thread(call)
        control.calm()


async def test_a_refusal_names_what_is_wrong_and_an_unknown_one_is_missing(sdk, control):
    payment = await paid(sdk, control)
    with pytest.raises(BadRequestError) as refusal:
        await asyncio.to_thread(lambda: Refund.create(make_refund(payment.id, "2000.00")))
    assert refusal.value.error.description == "Refund sum exceeded"
    assert refusal.value.error.parameter == "amount.value"
    with pytest.raises(NotFoundError) as missing:
        await asyncio.to_thread(lambda: Refund.find_one(NOBODY))
    assert missing.value.error.code == "not_found"
    with pytest.raises(BadRequestError) as illegal:
        await asyncio.to_thread(lambda: Refund.list({"limit": 101}))
    assert illegal.value.error.parameter == "limit"


async def test_the_sdk_repeats_a_lost_refund_by_itself_with_one_key(open_side, control):
    async with open_side("sdk", attempts=None) as side:
        payment = await paid(side, control)
        control.fault("drop_after", method="POST", times=2)
        made = await side.create_refund(fresh()[1], make_refund(payment.id))
    assert control.fired() == 2
    assert [one["id"] for one in control.refunds_of(payment.id)] == [made.refund.id]


async def test_a_notification_of_a_refund_is_the_refund(sdk, control):
    payment = await paid(sdk, control)
    made = await sdk.create_refund(fresh()[1], make_refund(payment.id))
    control.refund_in_cabinet(payment.id)
    for refund in control.refunds_of(payment.id):
        [body] = control.notifications(refund["id"])
        theirs = WebhookNotificationFactory().create(body)
        assert theirs.event == WebhookNotificationEventType.REFUND_SUCCEEDED
        assert isinstance(theirs.object, RefundResponse)
        seen = await sdk.find_refund(refund["id"])
        assert read_sdk_refund(theirs.object) == seen.refund
    assert seen.refund == made.refund
