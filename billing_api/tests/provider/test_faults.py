"""Every fault on every call, by the SDK, by our client, and by clients that get it wrong."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from billing_parts.processes import free_port
from contract.cases import NOT_NEEDED
from contract.faults import FAULTS, LOST, SCENES, check_fault
from contract.our_side import NOBODY, fresh, make_body
from yookassa import Payment
from yookassa.domain.exceptions import TooManyRequestsError

OURS = [route for route in SCENES if route not in NOT_NEEDED]
# One transport carries all of the SDK's calls: two routes see every fault, the others these.
SDK_WHOLE = ("POST /payments", "GET /payments/{id}")
SDK_ELSEWHERE = ("drop_after", "error_500_after", "processing_202", "html_502")
SDK_CASES = [
    (route, name)
    for route in SCENES
    for name in FAULTS
    if route in SDK_WHOLE or name in SDK_ELSEWHERE
]
# What each client that is naive in one thing must fail.
FLAWS = {
    "no_network": ("drop_before", "drop_after", "timeout_after_accept_delay_0.6"),
    "every_error": ("error_500_after", "processing_202", "html_504", "html_502"),
    "every_answer": ("processing_202", "truncated_json", "empty_200", "wrong_content_type"),
    "fresh_key": ("drop_after", "error_500_after", "processing_202", "html_504"),
    "each_piece": ("drip_delay_0.6",),
}


@pytest.mark.parametrize(("route", "name"), SDK_CASES)
async def test_the_sdk_fails_in_its_own_way_and_a_repeat_converges(route, name, open_side, control):
    async with open_side("sdk") as side:
        await check_fault(route, FAULTS[name], side, control)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("route", OURS)
async def test_our_client_knows_what_it_does_not_know_and_a_repeat_converges(
    route, name, open_side, control
):
    async with open_side("ours") as side:
        await check_fault(route, FAULTS[name], side, control)


@pytest.mark.parametrize(
    ("flaw", "name"), [(flaw, name) for flaw, names in FLAWS.items() for name in names]
)
async def test_a_naive_client_fails_where_a_careful_one_passes(flaw, name, open_side, control):
    async with open_side("careful") as side:
        await check_fault("POST /payments", FAULTS[name], side, control)
    async with open_side(flaw) as side:
        escapes = (httpx.HTTPError, TimeoutError) if flaw == "no_network" else AssertionError
        with pytest.raises(escapes):
            await check_fault("POST /payments", FAULTS[name], side, control)


async def test_a_client_that_takes_a_proxy_s_404_for_the_provider_s_fails(open_side, control):
    async with open_side("any_page") as side:
        with pytest.raises(AssertionError):
            await check_fault("GET /payments/{id}", FAULTS["html_404"], side, control)


async def test_words_of_a_later_version_are_kept_by_us_and_blurred_by_the_sdk(sdk, ours, control):
    uid, key = fresh()
    made = await ours.create(key, make_body(uid))
    control.fault("strange_words", method="GET", times=2)
    theirs, mine = await sdk.get(made.payment.id), await ours.get(made.payment.id)
    assert (mine.payment.status, mine.payment.cancellation_reason) == ("in_review", "moon_phase")
    assert theirs.payment.cancellation_reason == "unknown"
    assert replace(theirs.payment, cancellation_reason="moon_phase") == mine.payment


@pytest.mark.parametrize("retry_after", [None, 7])
async def test_how_long_to_wait_is_read_by_both(retry_after, sdk, ours, control):
    options = {} if retry_after is None else {"retry_after": retry_after}
    control.fault("rate_429", method="POST", times=2, **options)
    uid, key = fresh()
    refused = await ours.gateway.create_payment(key, b"{}", seconds=10)
    assert (refused.retry_after_seconds, refused.temporary) == (retry_after, True)
    with pytest.raises(TooManyRequestsError) as error:
        await asyncio.to_thread(lambda: Payment.create(make_body(uid), str(key)))
    assert error.value.error.retry_after == (retry_after and retry_after * 1000)
    assert control.payments_of(uid) == []


@pytest.mark.parametrize(
    ("status", "temporary"),
    [(400, False), (401, True), (403, True), (404, True), (405, True), (410, True), (415, True)],
)
async def test_only_a_refusal_of_what_was_asked_is_final(status, temporary, ours, control):
    """Keys, rights, pace and addresses are mended; a body that is refused stays refused."""
    control.fault("refusal", method="POST", status=status)
    _, key = fresh()
    refused = await ours.gateway.create_payment(key, b"{}", seconds=10)
    assert (type(refused).__name__, refused.temporary) == ("Refused", temporary)


@pytest.mark.parametrize("name", ["sdk", "ours"])
@pytest.mark.parametrize("broken", ["nobody_listens", "not_trusted"])
async def test_without_a_connection_the_outcome_is_unknown(name, broken, open_side, provider):
    nobody = replace(provider, url=f"https://127.0.0.1:{free_port()}")
    place = nobody if broken == "nobody_listens" else replace(provider, ca_file=None)
    uid, key = fresh()
    async with open_side(name, place) as side:
        for outcome in (
            await side.create(key, make_body(uid)),
            await side.get(NOBODY),
            await side.cancel(key, NOBODY),
        ):
            assert outcome.kind == "unknown"
            assert outcome.raised == (LOST if name == "sdk" else None)
