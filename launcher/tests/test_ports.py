"""Suites that start at one moment, and strangers on the ports a suite would like to have."""

import signal
import socket
import subprocess
import sys
import time

from launcher import supervisor
from launcher.ports import one_at_a_time
from launcher.state import State

HOLD = """
import time
from launcher.ports import one_at_a_time
with one_at_a_time():
    print("mine", flush=True)
    time.sleep(60)
"""


def holder():
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    while process.stdout.readline() != "mine\n":
        assert process.poll() is None
    return process


def test_the_second_waits_for_the_first_and_says_so(capfd):
    first = holder()
    began = time.monotonic()
    with one_at_a_time(seconds=1):
        waited = time.monotonic() - began
    first.kill()
    first.wait()
    assert 1 <= waited < 5, "it gives up waiting and goes on"
    assert capfd.readouterr().out.count("another suite is starting") == 1


def test_a_killed_first_keeps_nobody_waiting():
    first = holder()
    first.send_signal(signal.SIGKILL)
    first.wait()
    began = time.monotonic()
    with one_at_a_time():
        assert time.monotonic() - began < 5


def test_a_stranger_that_never_answers_is_not_our_supervisor():
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        ports = {"supervisor": stranger.getsockname()[1]}
        state = State(instance="ours", ports=ports, secrets={"supervisor_password": "no"})
        began = time.monotonic()
        assert not supervisor.is_running(state)
        assert time.monotonic() - began < 60
