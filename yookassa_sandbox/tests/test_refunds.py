"""Refunds: what the API accepts, refuses and shows, and what they do to their payment."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest

_OWN = {"id", "payment_id", "status", "amount", "created_at"}
NOBODY = "2f0a41b7-000f-5000-8000-1c2d3e4f5a6b"


def refunded(sandbox, payment_id):
    return sandbox.get(payment_id)["refunded_amount"]["value"]


def test_a_refund_succeeds_at_once_and_the_payment_s_sum_grows(sandbox):
    payment_id = sandbox.paid()
    before = sandbox.get(payment_id)
    part = sandbox.refund(payment_id, "342.00")
    assert set(part) == _OWN
    assert (part["payment_id"], part["status"]) == (payment_id, "succeeded")
    assert part["amount"] == {"value": "342.00", "currency": "RUB"}
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", part["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", part["created_at"])
    assert sandbox.get_refund(part["id"]) == part
    after = sandbox.get(payment_id)
    assert after == {**before, "refunded_amount": part["amount"]}
    assert after["refundable"]
    sandbox.refund(payment_id, "1000.00")
    assert refunded(sandbox, payment_id) == "1342.00"
    assert sandbox.get(payment_id)["status"] == "succeeded"


def test_what_was_said_is_said_back_and_the_sdk_s_empty_lists_are_accepted(sandbox):
    said = {"description": "я" * 250, "metadata": {"refund_uid": "7"}}
    more = {"sources": [], "receipt": {"items": [{}]}, "unheard_of": 1}
    made = sandbox.refund(sandbox.paid(), "10", **said, **more)
    assert set(made) == _OWN | set(said) | {"receipt_registration"}
    assert {name: made[name] for name in said} == said
    assert (made["amount"]["value"], made["receipt_registration"]) == ("10.00", "succeeded")


@pytest.mark.parametrize(
    ("changes", "parameter", "description"),
    [
        ({"payment_id": None}, "payment_id", "Payment id is missing"),
        ({"payment_id": 5}, "payment_id", "Payment id is illegal"),
        ({"amount": None}, "amount", "Amount is missing"),
        ({"amount": {"value": 10, "currency": "RUB"}}, "amount.value", "Amount value is illegal"),
        (
            {"amount": {"value": "10.00", "currency": "USD"}},
            "amount.currency",
            "Currency code is illegal",
        ),
        (
            {"amount": {"value": "0.99", "currency": "RUB"}},
            "amount.value",
            "Refund amount must be at least 1.00 RUB",
        ),
        (
            {"amount": {"value": "1342.01", "currency": "RUB"}},
            "amount.value",
            "Refund sum exceeded",
        ),
        (
            {"amount": {"value": "1341.01", "currency": "RUB"}},
            "amount.value",
            "Remaining payment amount after refund must be greater than 1.00 RUB",
        ),
        (
            {"description": "я" * 251},
            "description",
            "Description is too long. Max. length is 250",
        ),
        (
            {"metadata": {str(n): "x" for n in range(17)}},
            "metadata",
            "Metadata object is limited to 16 keys",
        ),
        ({"receipt": {}}, "receipt", "Receipt is missing or illegal"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nothing(sandbox, changes, parameter, description):
    payment_id = sandbox.paid()
    answer = sandbox.ask_refund(**{"payment_id": payment_id, "value": "10.00", **changes})
    error = answer.json()
    assert (answer.status_code, error["code"]) == (400, "invalid_request")
    assert (error["parameter"], error["description"]) == (parameter, description)
    assert sandbox.refunds_of(payment_id) == []
    assert refunded(sandbox, payment_id) == "0.00"


def test_only_a_succeeded_payment_is_refunded(sandbox):
    held = sandbox.succeed(sandbox.create(capture=False)["id"])["id"]
    canceled = sandbox.create()["id"]
    sandbox.control("POST", f"/payments/{canceled}/cancel")
    for payment_id in (sandbox.create()["id"], held, canceled):
        error = sandbox.ask_refund(payment_id, "10.00").json()
        assert error["code"] == "invalid_request"
        assert error["description"] == "Payment can not be refunded in current status"
    answer = sandbox.ask_refund(NOBODY, "10.00")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert sandbox.call("GET", f"/refunds/{NOBODY}").status_code == 404


def test_of_a_partial_capture_only_what_was_taken_goes_back(sandbox):
    payment_id = sandbox.succeed(sandbox.create(capture=False)["id"])["id"]
    part = {"amount": {"value": "100.00", "currency": "RUB"}}
    sandbox.call("POST", f"/payments/{payment_id}/capture", json=part)
    error = sandbox.ask_refund(payment_id, "100.01").json()
    assert error["description"] == "Refund sum exceeded"
    sandbox.refund(payment_id, "99.00")
    sandbox.refund(payment_id, "1.00")
    error = sandbox.ask_refund(payment_id, "1.00").json()
    assert error["description"] == "Payment is already completely refunded"


def test_a_hundred_refunds_at_once_with_one_key_are_one_refund(sandbox):
    payment_id, key = sandbox.paid(), os.urandom(8).hex()
    with ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda _: sandbox.refund(payment_id, "10.00", key=key), range(100)))
    assert all(one == made[0] for one in made)
    assert sandbox.refunds_of(payment_id) == made[:1]
    assert refunded(sandbox, payment_id) == "10.00"


@pytest.mark.parametrize("mode", [None, "refund_pending"])
def test_refunds_at_once_never_exceed_the_payment(sandbox, mode):
    payment_id = sandbox.paid("100.00")
    if mode:
        sandbox.arm(mode, times=100, object_id=payment_id)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: sandbox.ask_refund(payment_id, "9.00"), range(60)))
    assert sorted({answer.status_code for answer in answers}) == [200, 400]
    made = sandbox.refunds_of(payment_id)
    assert len(made) == sum(answer.status_code == 200 for answer in answers) == 11
    for one in made:
        sandbox.control("POST", f"/refunds/{one['id']}/succeed")
    assert refunded(sandbox, payment_id) == "99.00"


def test_a_key_stands_for_one_refund_for_a_day(timed):
    payment_id = timed.paid()
    first = timed.refund(payment_id, "10.00", key="refund.day")
    other = timed.ask_refund(payment_id, "11.00", key="refund.day").json()
    assert other["description"] == "Idempotence key duplicated"
    timed.advance(86_400 - 5)
    assert timed.refund(payment_id, "10.00", key="refund.day") == first
    timed.advance(10)
    assert timed.refund(payment_id, "10.00", key="refund.day")["id"] != first["id"]
    assert refunded(timed, payment_id) == "20.00"
    missing = timed.call("POST", "/refunds", json={}, headers={"Idempotence-Key": ""})
    assert missing.json()["parameter"] == "Idempotence-Key"


def test_after_three_years_a_payment_is_not_refunded_and_refunds_are_not_listed(launch):
    old = launch()
    payment_id = old.paid()
    refund = old.refund(payment_id, "10.00")
    old.advance(3 * 365 * 86_400 + 60)
    assert old.ask_refund(payment_id, "10.00").status_code == 400
    assert old.call("GET", "/refunds").json()["items"] == []
    assert old.get_refund(refund["id"]) == refund


def test_lists_are_newest_first_hold_still_and_are_filtered(sandbox):
    payment_id, other = sandbox.paid(), sandbox.paid()
    made = [sandbox.refund(payment_id, "10.00") for _ in range(4)]
    sandbox.arm("refund_canceled")
    canceled = sandbox.refund(other, "10.00")

    def listed(**query):
        answer = sandbox.call("GET", "/refunds", params=query).json()
        assert answer["type"] == "list"
        return [one["id"] for one in answer["items"]], answer.get("next_cursor")

    ids = [one["id"] for one in reversed(made)]
    page, cursor = listed(payment_id=payment_id, limit=3)
    assert page == ids[:3]
    sandbox.refund(payment_id, "10.00")
    assert listed(payment_id=payment_id, limit=3, cursor=cursor) == (ids[3:], None)
    assert listed(limit=1, payment_id=other) == ([canceled["id"]], None)
    assert listed(status="canceled", payment_id=payment_id) == ([], None)
    assert listed(status="canceled", limit=1)[0] == [canceled["id"]]
    since = made[1]["created_at"]
    assert listed(**{"payment_id": payment_id, "created_at.lte": since})[0][-2:] == ids[2:]
    assert made[0]["id"] not in listed(**{"payment_id": payment_id, "created_at.gt": since})[0]
    assert listed(payment_id=NOBODY) == ([], None)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("status=waiting_for_capture", "status"),
        ("cursor=!!", "cursor"),
        ("created_at.lt=yesterday", "created_at.lt"),
    ],
)
def test_a_list_that_cannot_be_names_what_is_wrong(sandbox, query, parameter):
    answer = sandbox.call("GET", f"/refunds?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


@pytest.mark.parametrize(
    ("mode", "done"),
    [
        ("error_500_before", False),
        ("error_500_after", True),
        ("html_502", False),
        ("html_503", False),
        ("html_504", True),
        ("html_403", False),
        ("html_404", False),
        ("html_413", False),
        ("forbidden_403", False),
        ("wrong_content_type", True),
        ("rate_429", False),
        ("auth_401", False),
        ("processing_202", True),
        ("truncated_json", True),
        ("empty_200", True),
        ("drop_before", False),
        ("drop_after", True),
        ("timeout_after_accept", True),
        ("strange_words", True),
    ],
)
def test_whatever_goes_wrong_a_repeat_with_the_same_key_converges(sandbox, mode, done):
    payment_id, key = sandbox.paid(), os.urandom(8).hex()
    options = {"delay": 0.2} if mode == "timeout_after_accept" else {}
    sandbox.arm(mode, path="/refunds", **options)
    if mode.startswith(("drop", "timeout")):
        with pytest.raises(httpx.TransportError):
            sandbox.ask_refund(payment_id, "10.00", key=key)
    else:
        sandbox.ask_refund(payment_id, "10.00", key=key)
    assert sandbox.control("GET", "/faults").json()["items"][0]["fired"] == 1
    assert len(sandbox.refunds_of(payment_id)) == done
    made = sandbox.refund(payment_id, "10.00", key=key)
    assert sandbox.refunds_of(payment_id) == [made]
    assert refunded(sandbox, payment_id) == "10.00"


def test_faults_meet_the_reads_of_refunds_too(sandbox):
    made = sandbox.refund(sandbox.paid(), "10.00")
    sandbox.arm("error_500_before", method="GET", path="/refunds")
    sandbox.arm("strange_words", method="GET", path="/refunds/*")
    assert sandbox.call("GET", "/refunds").status_code == 500
    strange = sandbox.get_refund(made["id"])
    assert (strange["status"], strange["refund_method"]["type"]) == ("in_review", "digital_rouble")
    assert sandbox.get_refund(made["id"]) == made


def test_refunds_survive_kill_9(launch):
    sandbox = launch()
    payment_id = sandbox.paid()
    done = sandbox.refund(payment_id, "10.00", key="done")
    sandbox.arm("refund_pending", delay=600, reason="rejected_by_payee")
    waiting = sandbox.refund(payment_id, "20.00", key="waits")
    sandbox.arm("refund_pending", times=3)
    sandbox.stop(signal.SIGKILL)
    sandbox.start()
    assert sandbox.refund(payment_id, "10.00", key="done") == done
    assert sandbox.refund(payment_id, "20.00", key="waits") == waiting
    assert sandbox.refund(payment_id, "30.00")["status"] == "pending"
    sandbox.advance(601)
    ended = sandbox.get_refund(waiting["id"])
    assert ended["cancellation_details"]["reason"] == "rejected_by_payee"
    total = sum(Decimal(one["amount"]["value"]) for one in sandbox.refunds_of(payment_id))
    assert (total, refunded(sandbox, payment_id)) == (60, "10.00")
