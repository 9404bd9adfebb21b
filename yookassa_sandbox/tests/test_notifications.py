"""Notifications: what is sent, from where, how often, and what a restart leaves of it."""

import json
import signal
import time


def test_a_notification_is_the_object_as_of_the_event(sandbox, receiver, until):
    paid = sandbox.succeed(sandbox.create()["id"])
    until(lambda: receiver.of(paid["id"]))
    got = next(one for one in receiver.received if paid["id"].encode() in one["raw"])
    body = {"type": "notification", "event": "payment.succeeded", "object": paid}
    assert json.loads(got["raw"]) == body
    assert got["source"] == "127.0.0.53"
    assert got["headers"]["Content-Type"] == "application/json"
    assert "Authorization" not in got["headers"]
    until(lambda: sandbox.deliveries(paid["id"])[0]["state"] == "delivered")


def test_two_stages_send_two_events(sandbox, receiver, until):
    payment = sandbox.succeed(sandbox.create(capture=False)["id"])["id"]
    sandbox.call("POST", f"/payments/{payment}/cancel")
    until(lambda: len(receiver.of(payment)) == 2)
    events = {body["event"] for body in receiver.of(payment)}
    assert events == {"payment.waiting_for_capture", "payment.canceled"}


def test_what_is_not_answered_by_200_is_sent_again_for_a_day(timed, receiver, until):
    receiver.code = 202
    try:
        payment = timed.succeed(timed.create()["id"])["id"]
        for made, seconds in enumerate((0, 10, 32, 42, 84, 504, 4704, 80_640), start=1):
            timed.advance(seconds)
            until(lambda expected=made: len(receiver.of(payment)) == expected)
        until(lambda: timed.deliveries(payment)[0]["state"] == "given_up")
        delivery = timed.deliveries(payment)[0]
        assert [one["code"] for one in delivery["attempts"]] == [202] * 8
        assert delivery["next_at"] is None
    finally:
        receiver.code = 200
    again = timed.control("POST", f"/deliveries/{delivery['id']}/resend").json()
    assert (again["state"], again["attempts"][-1]["code"]) == ("delivered", 200)


def test_a_slow_receiver_holds_up_nobody_else(sandbox, receiver, until):
    receiver.delay = 3.0
    slow = sandbox.succeed(sandbox.create()["id"])["id"]
    until(lambda: receiver.of(slow))
    receiver.delay = 0.0
    quick = sandbox.succeed(sandbox.create()["id"])["id"]
    until(lambda: sandbox.deliveries(quick)[0]["state"] == "delivered", 0.9)
    attempts = until(lambda: sandbox.deliveries(slow)[0]["attempts"])
    assert attempts[0]["code"] is None
    assert "Timeout" in attempts[0]["error"]


def test_everything_survives_kill_9(timed, receiver, until):
    receiver.code = 500
    try:
        payment = timed.create("kill")["id"]
        timed.succeed(payment)
        until(lambda: timed.deliveries(payment)[0]["attempts"])
        timed.arm("error_500_before", times=3)
        before = timed.get(payment)
        timed.stop(signal.SIGKILL)
    finally:
        receiver.code = 200
    timed.start()
    assert timed.get(payment) == before
    assert timed.control("GET", "/faults").json()["items"][0]["remaining"] == 3
    timed.control("DELETE", "/faults")
    assert timed.create("kill") == before
    timed.advance(11)
    until(lambda: timed.deliveries(payment)[0]["state"] == "delivered")
    assert [one["code"] for one in timed.deliveries(payment)[0]["attempts"]] == [500, 200]


def test_a_hold_ends_after_seven_days(timed, receiver, until):
    payment = timed.succeed(timed.create(capture=False)["id"])["id"]
    timed.advance(7 * 86_400 + 5)
    events = until(
        lambda: [one for one in receiver.of(payment) if one["event"] == "payment.canceled"]
    )
    details = events[0]["object"]["cancellation_details"]
    assert details == {"party": "yoo_money", "reason": "expired_on_capture"}


def test_lost_notifications_are_never_sent(sandbox, receiver):
    sandbox.arm("webhook_lost")
    payment = sandbox.succeed(sandbox.create()["id"])["id"]
    time.sleep(0.6)
    assert receiver.of(payment) == []
    assert sandbox.deliveries(payment)[0]["state"] == "lost"


def test_duplicates_arrive_as_often_as_asked(sandbox, receiver, until):
    sandbox.arm("webhook_duplicate", copies=4)
    payment = sandbox.succeed(sandbox.create()["id"])["id"]
    bodies = until(lambda: len(receiver.of(payment)) == 4 and receiver.of(payment))
    assert all(body == bodies[0] for body in bodies)


def test_late_ones_wait_for_the_clock(timed, receiver, until):
    timed.arm("webhook_late", delay=600)
    payment = timed.succeed(timed.create()["id"])["id"]
    time.sleep(0.6)
    assert receiver.of(payment) == []
    timed.advance(601)
    until(lambda: receiver.of(payment))


def test_an_event_can_be_overtaken_by_the_next(sandbox, receiver, until):
    sandbox.arm("webhook_out_of_order")
    payment = sandbox.succeed(sandbox.create(capture=False)["id"])["id"]
    sandbox.call("POST", f"/payments/{payment}/capture")
    until(lambda: len(receiver.of(payment)) == 2)
    events = [body["event"] for body in receiver.of(payment)]
    assert events == ["payment.succeeded", "payment.waiting_for_capture"]


def test_a_stale_notification_shows_the_past(sandbox, receiver, until):
    payment = sandbox.create()
    sandbox.arm("webhook_stale", object_id=payment["id"])
    sandbox.succeed(payment["id"])
    body = until(lambda: receiver.of(payment["id"]))[0]
    assert (body["event"], body["object"]["status"]) == ("payment.succeeded", "pending")


def test_a_notification_can_overtake_the_answer(sandbox, receiver):
    sandbox.arm("webhook_before_response")
    payment = sandbox.create()
    assert payment["status"] == "pending"
    assert receiver.of(payment["id"])[0]["event"] == "payment.succeeded"


def test_forgeries_are_sent_as_they_are(sandbox, receiver):
    forged = {"body": '{"broken', "source": "127.0.0.9", "headers": {"X-Forwarded-For": "1.2.3.4"}}
    answer = sandbox.control("POST", "/notifications", json=forged)
    assert answer.json()["code"] == 200
    got = receiver.received.pop()
    assert (got["raw"], got["source"]) == (b'{"broken', "127.0.0.9")
    assert got["headers"]["X-Forwarded-For"] == "1.2.3.4"
