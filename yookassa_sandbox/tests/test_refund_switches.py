"""Refunds that take their time, that fail, that people make by hand; and what is told of each."""

import time

import pytest


def refunded(sandbox, payment_id):
    return sandbox.get(payment_id)["refunded_amount"]["value"]


def events(sandbox, object_id):
    return [one["event"] for one in sandbox.deliveries(object_id)]


def test_a_refund_may_wait_until_it_is_told(sandbox):
    payment_id = sandbox.paid()
    sandbox.arm("refund_pending")
    waiting = sandbox.refund(payment_id, "1341.00")
    assert waiting["status"] == "pending"
    assert events(sandbox, waiting["id"]) == []
    assert refunded(sandbox, payment_id) == "0.00"
    # What is under way is spoken for.
    assert sandbox.ask_refund(payment_id, "2.00").json()["description"] == "Refund sum exceeded"
    told = sandbox.control("POST", f"/refunds/{waiting['id']}/succeed").json()
    assert told == sandbox.get_refund(waiting["id"]) == {**waiting, "status": "succeeded"}
    assert refunded(sandbox, payment_id) == "1341.00"
    assert events(sandbox, waiting["id"]) == ["refund.succeeded"]
    again = sandbox.control("POST", f"/refunds/{waiting['id']}/succeed")
    assert again.json() == told
    assert sandbox.control("POST", f"/refunds/{waiting['id']}/cancel").status_code == 409
    assert refunded(sandbox, payment_id) == "1341.00"


def test_a_refund_may_wait_for_the_clock(timed, receiver, until):
    payment_id = timed.paid()
    timed.arm("refund_pending", delay=600, times=2)
    first, second = (timed.refund(payment_id, value, key=value) for value in ("10.00", "20.00"))
    timed.advance(595)
    assert timed.get_refund(first["id"]) == first
    timed.advance(10)
    # Whichever read comes first sees the end: the payment's, the repeat's, the list's.
    assert refunded(timed, payment_id) == "30.00"
    assert timed.refund(payment_id, "10.00", key="10.00")["status"] == "succeeded"
    listed = timed.call("GET", f"/refunds?payment_id={payment_id}&status=succeeded").json()
    assert [one["id"] for one in listed["items"]] == [second["id"], first["id"]]
    [body] = until(lambda: receiver.of(first["id"]))
    assert body["object"] == {**first, "status": "succeeded"}


def test_nobody_has_to_look_for_a_refund_to_end(timed, receiver, until):
    timed.arm("refund_pending", delay=60)
    waiting = timed.refund(timed.paid(), "10.00")
    timed.advance(61)
    until(lambda: receiver.of(waiting["id"]))


@pytest.mark.parametrize(
    ("reason", "party"),
    [
        ("insufficient_funds", "yoo_money"),
        ("rejected_by_payee", "refund_network"),
        ("general_decline", "refund_network"),
    ],
)
def test_a_pending_refund_may_be_canceled_which_nobody_is_told(sandbox, reason, party):
    payment_id = sandbox.paid()
    sandbox.arm("refund_pending")
    waiting = sandbox.refund(payment_id, "1342.00")
    path = f"/refunds/{waiting['id']}/cancel"
    canceled = sandbox.control("POST", path, json={"reason": reason}).json()
    details = {"party": party, "reason": reason}
    assert canceled == {**waiting, "status": "canceled", "cancellation_details": details}
    assert sandbox.get_refund(waiting["id"]) == canceled
    assert sandbox.control("POST", path).json() == canceled
    assert sandbox.control("POST", f"/refunds/{waiting['id']}/succeed").status_code == 409
    assert events(sandbox, waiting["id"]) == []
    assert refunded(sandbox, payment_id) == "0.00"
    assert sandbox.refund(payment_id, "1342.00")["status"] == "succeeded"


def test_a_refund_may_end_badly_by_the_clock(timed):
    payment_id = timed.paid()
    timed.arm("refund_pending", delay=60, reason="insufficient_funds", party="moon")
    waiting = timed.refund(payment_id, "10.00")
    assert waiting["status"] == "pending"
    timed.advance(61)
    ended = timed.get_refund(waiting["id"])
    assert ended["cancellation_details"] == {"party": "moon", "reason": "insufficient_funds"}
    assert (events(timed, waiting["id"]), refunded(timed, payment_id)) == ([], "0.00")


def test_a_refund_may_be_canceled_at_once(sandbox):
    payment_id, other = sandbox.paid(), sandbox.paid()
    sandbox.arm("refund_canceled", reason="rejected_by_payee", object_id=payment_id)
    sandbox.arm("refund_canceled", object_id=payment_id)
    assert sandbox.refund(other, "10.00")["status"] == "succeeded"
    first, second = (sandbox.refund(payment_id, "10.00") for _ in range(2))
    assert (first["status"], second["status"]) == ("canceled", "canceled")
    assert first["cancellation_details"]["reason"] == "rejected_by_payee"
    assert second["cancellation_details"] == {
        "party": "refund_network",
        "reason": "general_decline",
    }
    assert sandbox.refund(payment_id, "10.00")["status"] == "succeeded"
    assert (events(sandbox, first["id"]), refunded(sandbox, payment_id)) == ([], "10.00")


def test_success_is_told_once_as_it_was(sandbox, receiver, until):
    made = sandbox.refund(sandbox.paid(), "10.00", metadata={"refund_uid": "7"})
    [body] = until(lambda: receiver.of(made["id"]))
    assert body == {"type": "notification", "event": "refund.succeeded", "object": made}


@pytest.mark.parametrize("by", ["payment_id", "nobody"])
def test_a_refund_s_notification_can_be_lost(sandbox, receiver, by):
    payment_id = sandbox.paid()
    narrowed = {"object_id": payment_id} if by == "payment_id" else {}
    sandbox.arm("webhook_lost", **narrowed)
    made = sandbox.refund(payment_id, "10.00")
    time.sleep(0.5)
    assert receiver.of(made["id"]) == []
    assert sandbox.deliveries(made["id"])[0]["state"] == "lost"


def test_a_refund_s_notification_can_be_doubled_and_stale(sandbox, receiver, until):
    payment_id = sandbox.paid()
    sandbox.arm("webhook_duplicate", copies=3)
    made = sandbox.refund(payment_id, "10.00")
    until(lambda: len(receiver.of(made["id"])) == 3)
    sandbox.arm("webhook_stale")
    stale = sandbox.refund(payment_id, "10.00")
    [body] = until(lambda: receiver.of(stale["id"]))
    assert (body["event"], body["object"]["status"]) == ("refund.succeeded", "pending")


def test_a_refund_s_notification_can_be_late(timed, receiver, until):
    payment_id = timed.paid()
    timed.arm("webhook_late", delay=600)
    made = timed.refund(payment_id, "10.00")
    time.sleep(0.5)
    assert receiver.of(made["id"]) == []
    timed.advance(601)
    until(lambda: receiver.of(made["id"]))


def test_a_refund_can_be_told_before_its_payment(sandbox, receiver, until):
    sandbox.arm("webhook_out_of_order", delay=60)
    payment_id = sandbox.paid()
    time.sleep(0.4)
    assert receiver.of(payment_id) == []
    made = sandbox.refund(payment_id, "10.00")
    until(lambda: receiver.of(payment_id))
    told = [one["raw"] for one in receiver.received]
    order = [which for raw in told for which in (made["id"], payment_id) if which.encode() in raw]
    assert order[0] == made["id"]


def test_an_earlier_event_tried_again_sets_no_later_one_free(sandbox, receiver, until):
    payment_id = sandbox.paid()
    until(lambda: sandbox.deliveries(payment_id)[0]["state"] == "delivered")
    sandbox.arm("webhook_out_of_order", delay=60)
    made = sandbox.refund(payment_id, "10.00")
    sandbox.control("POST", f"/deliveries/{sandbox.deliveries(payment_id)[0]['id']}/resend")
    time.sleep(0.4)
    assert receiver.of(made["id"]) == []


@pytest.mark.parametrize("waits", [True, False])
def test_a_refund_s_notification_can_overtake_the_answer(sandbox, receiver, waits):
    payment_id = sandbox.paid()
    if waits:
        sandbox.arm("refund_pending")
    sandbox.arm("webhook_before_response")
    made = sandbox.refund(payment_id, "10.00")
    assert made["status"] == ("pending" if waits else "succeeded")
    assert receiver.of(made["id"])[0]["object"] == {**made, "status": "succeeded"}


def test_people_refund_in_the_cabinet_without_any_of_our_words(sandbox, receiver, until):
    payment_id = sandbox.paid()
    body = {"payment_id": payment_id, "amount": {"value": "42.00", "currency": "RUB"}}
    part = sandbox.control("POST", "/refunds", json={**body, "description": "По звонку"}).json()
    assert (part["status"], part["description"]) == ("succeeded", "По звонку")
    assert "metadata" not in part
    rest = sandbox.control("POST", "/refunds", json={"payment_id": payment_id}).json()
    assert set(rest) == {"id", "payment_id", "status", "amount", "created_at"}
    assert rest["amount"]["value"] == "1300.00"
    assert refunded(sandbox, payment_id) == "1342.00"
    [told] = until(lambda: receiver.of(rest["id"]))
    assert (told["event"], told["object"]) == ("refund.succeeded", rest)
    listed = sandbox.call("GET", f"/refunds?payment_id={payment_id}").json()["items"]
    assert listed == [rest, part]
    again = sandbox.control("POST", "/refunds", json={"payment_id": payment_id})
    assert again.status_code == 400
    assert again.json()["description"] == "Payment is already completely refunded"


def test_a_refund_of_the_cabinet_may_go_untold(sandbox):
    sandbox.arm("webhook_lost", times=2)
    made = sandbox.control("POST", "/refunds", json={"payment_id": sandbox.paid()}).json()
    assert sandbox.deliveries(made["id"])[0]["state"] == "lost"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/refunds", {}, 422),
        ("/refunds", {"payment_id": "x", "metadata": {}}, 422),
        ("/refunds", {"payment_id": "nobody's"}, 404),
        ("/refunds/nobody-s/succeed", {}, 404),
        ("/refunds/nobody-s/cancel", {"reason": "Not a word"}, 422),
        ("/faults", {"mode": "slow", "reason": "insufficient_funds"}, 422),
        ("/faults", {"mode": "refund_pending", "party": "yoo_money"}, 422),
    ],
)
def test_a_wish_that_cannot_be_is_refused(sandbox, path, body, status):
    answer = sandbox.control("POST", path, json=body)
    assert (answer.status_code, answer.json()["type"]) == (status, "error")


def test_the_control_page_shows_refunds(sandbox):
    sandbox.arm("refund_canceled", reason="insufficient_funds")
    made = sandbox.refund(sandbox.paid(), "12.34")
    page = sandbox.client.get("/").text
    assert made["id"] in page
    assert "12.34 RUB" in page
    assert "insufficient_funds" in page
