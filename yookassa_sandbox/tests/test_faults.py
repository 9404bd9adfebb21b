"""Faults on demand: what the client sees and what is left behind."""

import errno
import json
import os
import socket
import ssl
import time

import httpx
import pytest

SHOP = ("100500", "test_secret")


def _post(sandbox, key, **options):
    headers = {"Idempotence-Key": key}
    return sandbox.call("POST", "/payments", json=sandbox.body(), headers=headers, **options)


@pytest.mark.parametrize(
    ("mode", "done"),
    [
        ("error_500_before", False),
        ("error_500_after", True),
        ("html_502", False),
        ("html_503", False),
        ("html_504", True),
        ("html_404", False),
        ("strange_words", True),
        ("rate_429", False),
        ("auth_401", False),
        ("forbidden_403", False),
        ("processing_202", True),
        ("truncated_json", True),
        ("empty_200", True),
        ("wrong_content_type", True),
        ("drop_before", False),
        ("drop_after", True),
    ],
)
def test_a_repeat_with_the_same_key_converges(sandbox, mode, done):
    key = os.urandom(8).hex()
    newest = sandbox.call("GET", "/payments?limit=1").json()["items"][:1]
    sandbox.arm(mode)
    if mode.startswith("drop"):
        with pytest.raises(httpx.TransportError):
            _post(sandbox, key)
    else:
        answer = _post(sandbox, key)
        expected = mode.rpartition("_")[2] if mode[-1].isdigit() else "200"
        assert str(answer.status_code) == ("500" if mode.startswith("error") else expected)
    after = sandbox.call("GET", "/payments?limit=1").json()["items"][:1]
    assert (after != newest) is done
    payment = _post(sandbox, key).json()
    assert payment["status"] == "pending"
    if done:
        assert payment == after[0]


def test_a_time_out_after_acceptance_leaves_a_payment(sandbox):
    key = os.urandom(8).hex()
    sandbox.arm("timeout_after_accept")
    with pytest.raises(httpx.ReadTimeout):
        _post(sandbox, key, timeout=0.5)
    found = sandbox.call("GET", "/payments?limit=1").json()["items"][0]
    assert _post(sandbox, key).json() == found


def test_a_held_request_does_not_hold_up_the_end(launch):
    sandbox = launch()
    sandbox.arm("timeout_after_accept")
    with pytest.raises(httpx.ReadTimeout):
        _post(sandbox, "key", timeout=0.3)
    sandbox.arm("slow", delay=30)
    with pytest.raises(httpx.ReadTimeout):
        _post(sandbox, "key2", timeout=0.3)
    started = time.monotonic()
    assert sandbox.stop() == 0
    assert time.monotonic() - started < 5
    assert "Traceback" not in sandbox.log()
    assert "test_secret" not in sandbox.log()


def test_a_hung_answer_ends_with_a_cut_connection(sandbox):
    sandbox.arm("timeout_after_accept", delay=0.3)
    with pytest.raises(httpx.TransportError):
        _post(sandbox, os.urandom(8).hex())


def test_a_drop_is_a_reset_and_not_a_good_bye(sandbox, until):
    sandbox.arm("drop_before", method="GET", path="*")
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))
    with (
        socket.create_connection(("127.0.0.1", sandbox.port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(b"GET /v3/me HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        errors = until(lambda: secured.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    assert errors == errno.ECONNRESET


def test_slow_is_slow(sandbox):
    sandbox.arm("slow", delay=0.5)
    started = time.monotonic()
    assert _post(sandbox, os.urandom(8).hex()).status_code == 200
    assert time.monotonic() - started >= 0.5


def test_a_drip_comes_in_pieces_and_is_whole_at_the_end(sandbox):
    sandbox.arm("drip", method="GET", path="/payments/*", delay=0.5)
    payment = sandbox.create()
    arrivals, parts = [], []
    with sandbox.client.stream("GET", f"/v3/payments/{payment['id']}", auth=SHOP) as answer:
        for part in answer.iter_raw():
            arrivals.append(time.monotonic())
            parts.append(part)
    assert json.loads(b"".join(parts)) == payment
    assert len(parts) > 5
    assert arrivals[-1] - arrivals[0] >= 0.4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 415, 429])
def test_any_refusal_of_the_table_can_be_had(sandbox, status):
    sandbox.arm("refusal", status=status)
    answer = _post(sandbox, os.urandom(8).hex())
    assert (answer.status_code, answer.json()["type"]) == (status, "error")


def test_a_later_version_s_words_change_the_answer_and_not_the_payment(sandbox):
    sandbox.arm("strange_words")
    payment = sandbox.create()
    assert (payment["status"], payment["risk"]["score"]) == ("in_review", 0.5)
    assert sandbox.get(payment["id"])["status"] == "pending"


def test_too_many_requests_may_say_when(sandbox):
    sandbox.arm("rate_429", retry_after=2)
    answer = _post(sandbox, os.urandom(8).hex())
    assert (answer.headers["Retry-After"], answer.json()["retry_after"]) == ("2", 2000)


def test_a_fault_meets_its_method_and_path_alone_and_counts(sandbox):
    sandbox.arm("error_500_before", times=2, path="/payments")
    assert sandbox.call("GET", "/payments").status_code == 200
    assert sandbox.call("GET", "/me").status_code == 200
    codes = [_post(sandbox, os.urandom(8).hex()).status_code for _ in range(3)]
    assert codes == [500, 500, 200]
    shown = sandbox.control("GET", "/faults").json()
    assert (shown["items"][0]["remaining"], shown["items"][0]["fired"]) == (0, 2)
    assert [one["what"] for one in shown["journal"][-2:]] == ["POST /v3/payments"] * 2


def _met(sandbox, seed):
    sandbox.arm("error_500_before", method="GET", path="/me", times=60, probability=0.3, seed=seed)
    codes = [sandbox.call("GET", "/me").status_code for _ in range(60)]
    assert sandbox.control("DELETE", "/faults").status_code == 200
    return codes


def test_a_fault_may_be_a_matter_of_chance_and_chance_of_a_seed(sandbox):
    first, again, other = _met(sandbox, 7), _met(sandbox, 7), _met(sandbox, 8)
    assert first == again
    assert first != other
    assert all(5 <= codes.count(500) <= 32 for codes in (first, other))


def test_slowness_may_be_spread(sandbox):
    sandbox.arm("slow", method="GET", path="/me", times=8, delay=0.05, spread=0.2, seed=1)
    taken = []
    for _ in range(8):
        started = time.monotonic()
        assert sandbox.call("GET", "/me").status_code == 200
        taken.append(time.monotonic() - started)
    assert min(taken) >= 0.05
    assert max(taken) - min(taken) > 0.05


def test_a_trailing_star_meets_everything_below(sandbox):
    sandbox.arm("html_502", method="*", path="/v3/payments/*", times=1)
    payment = sandbox.create()["id"]
    answer = sandbox.call("GET", f"/payments/{payment}")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (502, "text/html")


def test_clearing_disarms(sandbox):
    sandbox.arm("error_500_before", times=5)
    assert sandbox.control("DELETE", "/faults").status_code == 200
    assert sandbox.create()["status"] == "pending"


@pytest.mark.parametrize(
    "spec",
    [
        {"mode": "explode"},
        {},
        {"mode": "slow", "times": 0},
        {"mode": "slow", "tims": 1},
        {"mode": "refusal"},
        {"mode": "refusal", "status": 500},
        {"mode": "refusal", "status": 402},
        {"mode": "slow", "status": 404},
        {"mode": "slow", "probability": 0},
    ],
)
def test_a_fault_nobody_knows_is_refused(sandbox, spec):
    answer = sandbox.control("POST", "/faults", json=spec)
    assert (answer.status_code, answer.json()["type"]) == (422, "error")
