"""`make logs` as a person uses it: one shot, following, through a pipe, until Ctrl-C."""

import os
import signal
import subprocess
import sys

import pytest

ROW = "2026-11-27 17:00:00.{:03} UTC LOG:  row {}\n"


@pytest.fixture
def start(tmp_path):
    """`start(FOLLOW="0")`: the command on a folder with two logs of 30 lines; ended after."""
    logs = tmp_path / "a suite" / "logs"
    logs.mkdir(parents=True)
    for name in ("auth", "billing"):
        (logs / f"{name}.log").write_text("".join(ROW.format(n, n) for n in range(30)))
    started = []

    def run(**settings):
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "HOME") if key in os.environ}
        started.append(
            subprocess.Popen(
                # Where the tests run in the background they ignore Ctrl-C, and what they start too.
                ["env", "--default-signal=INT", sys.executable, "-m", "launcher.cli", "logs"],
                env={**kept, "VAR_DIR": str(logs.parent), **settings},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    run.logs = logs
    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_one_shot_shows_the_last_of_each_and_ends(start):
    out, err = (done := start(FOLLOW="0")).communicate(timeout=30)
    assert (done.returncode, err, out.count("\n")) == (0, "", 40)
    assert "\x1b" not in out
    out, _ = start(FOLLOW="0", LAST="3", SERVICE="auth").communicate(timeout=30)
    assert [row.split()[-1] for row in out.splitlines()] == ["27", "28", "29"]
    assert start(FOLLOW="0", LEVEL="error").communicate(timeout=30) == ("", "")
    out, _ = start(FOLLOW="0", REQUEST="row 4", LAST="").communicate(timeout=30)
    assert out.count("\n") == 2


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LEVEL", "loud", "LEVEL=loud is none of"),
        ("LAST", "-1", "LAST=-1 is neither"),
        ("LAST", "²", "LAST=² is neither"),
        ("SERVICE", "bill", "no log of bill: there are auth, billing"),
        ("VAR_DIR", "/nowhere", "no logs in /nowhere/logs yet"),
    ],
)
def test_what_cannot_be_is_one_sentence(start, name, value, sentence):
    out, err = (done := start(**{name: value})).communicate(timeout=30)
    assert (done.returncode, out, err.count("\n")) == (1, "", 1)
    assert sentence in err


def test_following_shows_what_comes_and_ends_quietly_on_an_interrupt(start):
    following = start(LAST="1")
    assert {following.stdout.readline().split()[2] for _ in range(2)} == {"auth", "billing"}
    with (start.logs / "auth.log").open("a") as file:
        file.write(ROW.format(999, 999))
    assert following.stdout.readline().endswith("row 999\n")
    (start.logs / "late.log").write_text(ROW.format(998, 998))
    assert " late " in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    assert following.communicate(timeout=10) == ("", "")
    assert following.returncode == 0


@pytest.mark.parametrize("last", ["0", "30"])
def test_a_closed_pipe_ends_it_quietly(start, last):
    following = start(LAST=last)
    if last != "0":
        following.stdout.readline()
    following.stdout.close()
    assert following.wait(timeout=10) == 0
    assert following.stderr.read() == ""
