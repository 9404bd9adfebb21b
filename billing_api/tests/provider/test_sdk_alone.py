"""What only the official SDK shows: fields we do not read, filters, its repeats, its quirks."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from contract.our_side import fresh, make_body
from contract.place import Provider
from yookassa import Payment
from yookassa.domain.exceptions import ApiError, BadRequestError

from billing.platform.clock import format_instant

ALWAYS = {"id", "status", "amount", "created_at", "paid", "test", "refundable", "recipient"}
OWN = {"description", "metadata"}  # what our requests say is said back
BY_CARD = {"payment_method", "authorization_details"}
CAPTURED = {"captured_at", "income_amount", "refunded_amount"}
SHOWN = {
    "pending": ALWAYS | OWN | {"confirmation"},
    "waiting_for_capture": ALWAYS | OWN | BY_CARD | {"expires_at"},
    "succeeded": ALWAYS | OWN | BY_CARD | CAPTURED,
    "canceled": ALWAYS | OWN | {"cancellation_details"},
}
FLAGS = {  # paid, refundable
    "pending": (False, False),
    "waiting_for_capture": (True, False),
    "succeeded": (True, True),
    "canceled": (False, False),
}


@pytest.mark.parametrize("status", SHOWN)
async def test_each_status_shows_the_sdk_its_own_fields_and_no_others(status, sdk, control):
    uid, key = fresh()
    made = await sdk.create(key, make_body(uid, capture=status != "waiting_for_capture"))
    if status == "canceled":
        control.decline(made.payment.id, "card_expired")
    elif status != "pending":
        control.pay(made.payment.id)
    theirs = await asyncio.to_thread(lambda: Payment.find_one(made.payment.id))
    assert set(dict(theirs)) == SHOWN[status]
    assert (theirs.status, theirs.paid, theirs.refundable) == (status, *FLAGS[status])
    assert theirs.test is True
    assert len(theirs.id) == 36
    assert (theirs.recipient.account_id, theirs.recipient.gateway_id) == ("100500", "100700")
    if status == "succeeded":
        assert str(theirs.income_amount.value) == "1295.03"
        assert str(theirs.refunded_amount.value) == "0.00"
    if theirs.paid:
        assert (theirs.payment_method.type, theirs.payment_method.card.last4) == (
            "bank_card",
            "4444",
        )
        assert theirs.authorization_details.three_d_secure.applied is False


async def test_lists_are_filtered_and_bounded(sdk, control):
    since = format_instant(control.now())
    window = {"created_at.gte": since}
    ends = []
    for capture in (True, True, False):
        uid, key = fresh()
        ends.append((await sdk.create(key, make_body(uid, capture=capture))).payment)
    pending, paid, held = ends
    control.pay(paid.id)
    control.pay(held.id)
    captured_at = format_instant((await sdk.get(paid.id)).payment.captured_at)
    later = format_instant(control.now() + timedelta(seconds=1))
    filters = (
        ({"status": "pending"}, [pending]),
        ({"status": "succeeded"}, [paid]),
        ({"status": "waiting_for_capture"}, [held]),
        ({"status": "canceled"}, []),
        ({"payment_method": "bank_card"}, [held, paid]),
        ({"payment_method": "sbp"}, []),
        ({"captured_at.gte": captured_at, "captured_at.lt": later}, [paid]),
        ({"captured_at.gt": captured_at}, []),
        ({"captured_at.lte": captured_at}, [paid]),
        ({"created_at.gt": format_instant(held.created_at)}, []),
        ({"created_at.lte": since, "status": "succeeded"}, []),
        ({"limit": 2}, [held, paid]),
        ({}, [held, paid, pending]),
    )
    for query, expected in filters:
        listed = await sdk.list_by(**{**window, **query})
        assert [item.id for item in listed.items] == [item.id for item in expected], query
        assert (listed.next_cursor is None) is ("limit" not in query)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"cursor": "nobody's"}, "cursor"),
        ({"status": "done"}, "status"),
        ({"created_at.gte": "yesterday"}, "created_at.gte"),
    ],
)
async def test_a_list_that_cannot_be_names_what_is_wrong(query, parameter, sdk):
    with pytest.raises(BadRequestError) as refusal:
        await asyncio.to_thread(lambda: Payment.list(query))
    assert refusal.value.error.parameter == parameter


@pytest.mark.parametrize("key", ["x" * 65, "a b", "ключ".encode().decode("latin-1")])
async def test_a_key_is_at_most_64_plain_characters(key, sdk, control):
    uid, _ = fresh()
    with pytest.raises(BadRequestError) as refusal:
        await asyncio.to_thread(lambda: Payment.create(make_body(uid), key))
    assert refusal.value.error.parameter == "Idempotence-Key"
    assert control.payments_of(uid) == []


@pytest.mark.parametrize("key", ["k", "a.b+c-d_0" * 7])
async def test_a_key_of_plain_characters_is_taken(key, sdk):
    body = make_body(fresh()[0])
    assert (await sdk.create(key, body)).kind == "done"
    assert (await sdk.create(key, {**body, "capture": False})).verdict == "invalid_request"


async def test_without_a_key_the_sdk_makes_one_a_call_and_so_pays_twice(sdk, control):
    uid, _ = fresh()
    for _ in range(2):
        await asyncio.to_thread(lambda: Payment.create(make_body(uid)))
    assert len(control.payments_of(uid)) == 2


@pytest.mark.parametrize(
    ("method", "path", "headers", "code"),
    [
        ("POST", "/payments", None, "invalid_request"),
        ("DELETE", "/payments", None, "method_not_allowed"),
        ("GET", "/no/such/path", None, "not_found"),
        ("POST", "/payments", {"Content-type": "text/plain"}, "unsupported_media_type"),
    ],
)
async def test_what_no_resource_of_the_sdk_asks_is_refused_in_its_own_words(
    method, path, headers, code, sdk
):
    with pytest.raises(ApiError) as refusal:
        await sdk.raw(method, path, headers=headers, body=make_body(fresh()[0]))
    assert refusal.value.content["code"] == code
    assert refusal.value.content["type"] == "error"
    if code == "invalid_request":
        assert refusal.value.content["description"] == "Idempotence key is empty"
        assert refusal.value.content["parameter"] == "Idempotence-Key"


@pytest.mark.parametrize(
    ("mode", "options", "at_last"),
    [
        ("drop_before", {}, "AttributeError"),
        ("drop_after", {}, "AttributeError"),
        ("processing_202", {}, "AttributeError"),
        ("html_503", {"retry_after": 0}, "JSONDecodeError"),
        ("rate_429", {"retry_after": 0}, "TooManyRequestsError"),
    ],
)
async def test_the_sdk_repeats_a_post_by_itself_with_one_key(
    mode, options, at_last, open_side, control
):
    """Three repeats unless told otherwise, so a fourth failure shows."""
    for count, raised in ((3, None), (4, at_last)):
        uid, key = fresh()
        control.fault(mode, method="POST", times=count, **options)
        async with open_side("sdk", attempts=None) as side:
            outcome = await side.create(key, make_body(uid))
        assert control.fired() == count
        control.calm()
        assert outcome.raised == raised
        is_made = raised is None or mode in ("drop_after", "processing_202")
        assert len(control.payments_of(uid)) == is_made


async def test_the_sdk_repeats_neither_a_500_nor_a_read(open_side, control):
    async with open_side("sdk", attempts=None) as side:
        uid, key = fresh()
        control.fault("error_500_before", method="POST")
        assert (await side.create(key, make_body(uid))).raised == "InternalServerError"
        made = await side.create(key, make_body(uid))
        control.fault("drop_before", method="GET")
        assert (await side.get(made.payment.id)).raised == "AttributeError"
        assert control.fired() == 2


async def test_over_plain_http_the_sdk_repeats_nothing(open_side, sandbox):
    sandbox.fault("drop_before")
    plain = Provider(sandbox.url, None)
    async with open_side("sdk", plain, attempts=None) as side:
        uid, key = fresh()
        assert (await side.create(key, make_body(uid))).raised == "AttributeError"
        assert (await side.create(key, make_body(uid))).kind == "done"


async def test_a_lost_connection_hides_its_cause_in_the_context(sdk, control):
    control.fault("drop_before", method="POST")
    with pytest.raises(AttributeError, match="status_code") as error:
        await asyncio.to_thread(lambda: Payment.create(make_body(fresh()[0]), "lost"))
    assert isinstance(error.value.__context__, requests.ConnectionError)


async def test_the_sdk_writes_into_the_caller_s_metadata_and_rounds_by_a_float(sdk, control):
    uid, key = fresh()
    body = make_body(uid, amount={"value": "1.005", "currency": "RUB"})
    made = await asyncio.to_thread(lambda: Payment.create(body, str(key)))
    assert body["metadata"]["cms_name"] == "yookassa_sdk_python"
    assert str(made.amount.value) == "1.01"


async def test_its_settings_are_of_the_whole_process(open_side, provider, control):
    """Why one process serves one shop: the last to configure wins, for everybody."""
    uid, key = fresh()
    other = replace(provider, secret_key="of another shop")
    async with open_side("sdk") as first, open_side("sdk", other):
        outcome = await first.create(key, make_body(uid))
    assert outcome.verdict == "invalid_credentials"
    assert control.payments_of(uid) == []
