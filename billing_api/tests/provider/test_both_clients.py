"""Each case by the official SDK and by our client: the same outcome, in every field both show."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from contract.cases import CASES
from contract.our_side import NOBODY, fresh, make_body
from contract.sdk_side import read_sdk_payment
from yookassa.domain.notification import WebhookNotificationFactory
from yookassa.domain.request import PaymentRequest

from billing.gateway.yookassa.wire import read_payment
from billing.inbox.rules import read_hint


@pytest.mark.parametrize("name", CASES)
async def test_the_sdk_and_our_client_agree(name, open_side, control):
    case, seen = CASES[name], {}
    for side_name in case.sides:
        async with open_side(side_name) as side:
            outcomes = await case.run(side, control)
        assert set(case.routes) <= side.calls
        assert tuple(outcome.verdict for outcome in outcomes) == case.expected, side_name
        seen[side_name] = [outcome.comparable() for outcome in outcomes]
    assert all(readings == seen["sdk"] for readings in seen.values())


async def test_a_fresh_key_for_a_repeat_fails_the_cases_of_one_key(open_side, control):
    """The control: a client that pays twice is found."""
    for name in (
        "one_key_is_one_payment_and_a_repeat_shows_it_as_it_is_now",
        "one_key_with_another_body_is_refused",
        "held_money_goes_back_once",
    ):
        async with open_side("careful") as careful:
            await CASES[name].run(careful, control)
        async with open_side("fresh_key") as naive:
            with pytest.raises(AssertionError):
                await CASES[name].run(naive, control)


async def test_both_page_through_the_same_list_with_the_same_cursors(sdk, ours, control):
    since = control.now()
    uid, _ = fresh()
    made = [(await ours.create(fresh()[1], make_body(uid))).payment.id for _ in range(105)]
    until = control.now() + timedelta(seconds=1)
    pages, cursor = [], None
    while True:
        theirs, mine = await sdk.list(since, until, cursor), await ours.list(since, until, cursor)
        assert mine == theirs
        pages.append([item.id for item in mine.items])
        cursor = mine.next_cursor
        if cursor is None:
            break
    listed = [provider_id for page in pages for provider_id in page]
    assert [len(page) for page in pages] == [100, 5]
    assert listed == made[::-1]


async def test_what_one_has_made_the_other_sees_field_for_field(sdk, ours, control):
    for maker, reader in ((sdk, ours), (ours, sdk)):
        for end in ("pending", "succeeded", "canceled", "waiting_for_capture"):
            uid, key = fresh()
            made = await maker.create(key, make_body(uid, capture=end != "waiting_for_capture"))
            if end == "canceled":
                control.decline(made.payment.id, "insufficient_funds")
            elif end != "pending":
                control.pay(made.payment.id)
            seen = await reader.get(made.payment.id)
            assert seen == await maker.get(made.payment.id)
            assert seen.payment.status == end


async def test_a_repeat_by_the_other_client_with_the_same_body_is_the_same_payment(
    sdk, ours, control
):
    """The key is the operation, not the connection: what one process sent another may repeat."""
    uid, key = fresh()
    body = make_body(uid)
    body["metadata"]["cms_name"] = "yookassa_sdk_python"
    request = PaymentRequest(body)
    request.validate()
    first, second = await sdk.create(key, body), await ours.create(key, dict(request))
    assert first == second
    assert len(control.payments_of(uid)) == 1


@pytest.mark.parametrize("side_name", ["sdk", "ours"])
async def test_wrong_credentials_are_a_refusal_and_nothing_is_made(
    side_name, open_side, provider, control
):
    uid, key = fresh()
    async with open_side(side_name, replace(provider, secret_key="wrong")) as side:
        for outcome in (
            await side.create(key, make_body(uid)),
            await side.cancel(key, NOBODY),
        ):
            assert (outcome.kind, outcome.code) == ("refused", "invalid_credentials")
        assert (await side.get(NOBODY)).kind == "unknown"
        now = control.now()
        assert (await side.list(now - timedelta(hours=1), now)).kind == "unknown"
    assert control.payments_of(uid) == []


@pytest.mark.parametrize("end", ["waiting_for_capture", "succeeded", "canceled"])
async def test_a_notification_says_the_same_to_the_sdk_to_our_inbox_and_to_our_reader(
    end, ours, control
):
    uid, key = fresh()
    made = await ours.create(key, make_body(uid, capture=end != "waiting_for_capture"))
    if end == "canceled":
        control.decline(made.payment.id, "call_issuer")
    else:
        control.pay(made.payment.id)
    [body] = control.notifications(made.payment.id)
    theirs = WebhookNotificationFactory().create(body)
    hint = read_hint(json.dumps(body).encode())
    assert (theirs.event, theirs.object.id) == (hint.event, hint.object_id)
    assert hint.event == f"payment.{end}"
    assert read_sdk_payment(theirs.object) == read_payment(body["object"])
    assert read_payment(body["object"]) == (await ours.get(made.payment.id)).payment
