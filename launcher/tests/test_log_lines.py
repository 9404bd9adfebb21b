"""A line of any program becomes one readable line; nothing a line holds steers the terminal."""

import json
import os
import subprocess
import sys
import time

import pytest

from launcher.log_lines import inherit, parse
from launcher.log_reader import Form, make_choice
from launcher.state import Trouble

LOGGERS = {
    "billing": "from billing.platform.logs import configure_logs; configure_logs('billing')",
    "auth": "from auth.platform.logs import configure_logs; configure_logs()",
    "admin": "import logging.config\n"
    "from panel.site.logs import configure_structlog, logging_config\n"
    "logging.config.dictConfig(logging_config()); configure_structlog()",
    "yookassa-sandbox": "from sandbox.logs import configure_logs; configure_logs()",
}
EVENTS = """
import structlog
ours = structlog.get_logger("some.logger")
ours.info("request", feed="billing, auth", **{
    "http.request.method": "GET", "http.response.status_code": 201, "url.path": "/api/v1/payment",
    "event.duration": 12_345_678, "trace.id": "0123456789abcdef0123456789abcdef",
})
try:
    int("x")
except ValueError:
    ours.exception("loop failed")
"""


@pytest.fixture
def zone():
    """`zone("Europe/Moscow")`: the zone people here read, until the test is over."""
    before = os.environ.get("TZ")

    def set_to(name):
        os.environ["TZ"] = name
        time.tzset()

    yield set_to
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


def _event(**fields):
    return json.dumps({
        "@timestamp": "2026-11-27T17:08:58.844Z", "log.level": "info", "message": "request",
        "service": {"name": "auth"}, **fields,
    }).encode()  # fmt: skip


@pytest.mark.parametrize("service", LOGGERS)
def test_what_our_loggers_write_reads_well(service):
    done = subprocess.run(
        [sys.executable, "-c", LOGGERS[service] + EVENTS], capture_output=True, check=True
    )
    request, failure = (parse("file", raw) for raw in done.stdout.splitlines())
    written = Form().write(request)
    assert written.count("\n") == 1
    assert (request.level, request.service) == ("info", service)
    assert written.endswith(
        'info     89abcdef request  GET /api/v1/payment 201 12.3 ms  feed="billing, auth"\n'
    )
    assert abs(request.at - time.time()) < 60
    first, *below = Form().write(failure).splitlines()
    assert "error    -        loop failed  error.type=ValueError" in first
    assert below
    assert all(row.startswith("    ") for row in below)


@pytest.mark.parametrize(
    ("raw", "when", "level", "text"),
    [
        (
            b"2026-11-27 17:08:48.463 UTC [18488] billing_db FATAL:  no",
            "11-27 20:08:48.463", "critical", "[18488] billing_db FATAL:  no",
        ),
        (
            b"2026/11/27 20:08:48 [crit] 7#7: no room", "11-27 20:08:48    ", "critical",
            "[crit] 7#7: no room",
        ),
        (
            b"2026-11-27 20:08:56,586 WARN exited: billing (terminated by SIGKILL; not expected)",
            "11-27 20:08:56.586", "warning",
            "WARN exited: billing (terminated by SIGKILL; not expected)",
        ),
        (b"2026-13-45 99:00:00 INFO x", None, "", "2026-13-45 99:00:00 INFO x"),
        (b"Traceback (most recent call last):", None, "", "Traceback (most recent call last):"),
        (b'{"half": ', None, "", '{"half": '),
        (b'{"a": ' * 50_000, None, "", None),
        (b'{"@timestamp": 5, "message": "x"}', None, "", None),
        (b"[1, 2]", None, "", "[1, 2]"),
        (b"\xff\xfe bad", None, "", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} bad"),
    ],
)  # fmt: skip
def test_plain_lines_pass_with_their_time_and_level(zone, raw, when, level, text):
    zone("Europe/Moscow")
    line = parse("file", raw)
    assert (line.level, line.plain, line.at is None) == (level, True, when is None)
    assert text is None or line.text == text
    if when:
        assert Form().write(line).startswith(f"{when} file ")


def test_time_is_local_and_thousandths_are_rounded_not_cut(zone):
    zone("Asia/Vladivostok")
    assert Form().write(parse("auth", _event())).startswith("11-28 03:08:58.844 ")
    nginx = parse("nginx", _event(**{"@timestamp": "2026-11-27T17:08:58+00:00"}))
    assert Form().write(nginx).startswith("11-28 03:08:58     nginx")


def test_no_control_character_reaches_the_terminal():
    evil = "\x1b[2J\x07\x9b\r\nsecond\u202e\u2028"
    raw = _event(
        message=evil, trace={"id": evil}, url={"path": evil}, error={"stack_trace": evil},
        **{"log.level": "error"},
    )  # fmt: skip
    plain = ("plain " + evil.replace("\n", "")).encode()
    for line in (parse("x", raw), parse("x", plain)):
        written = Form(whole_ids=True).write(line)
        assert written.replace("\n", "").isprintable()
    assert Form().write(parse("x", raw)).splitlines()[1].startswith("    ")


def test_the_id_is_short_or_whole():
    line = parse("auth", _event(trace={"id": "0123456789abcdef0123456789abcdef"}))
    assert " 89abcdef request" in Form().write(line)
    assert "01234567" not in Form().write(line)
    assert " 0123456789abcdef0123456789abcdef request" in Form(whole_ids=True).write(line)


def test_colour_only_when_asked_for():
    line = parse("auth", _event(**{"log.level": "error"}))
    assert "\x1b[" in Form(colour=True).write(line)
    assert "\x1b[" not in Form().write(line)


def test_a_line_without_a_time_belongs_to_the_line_before():
    rows = [b"2026-11-27 17:08:48.463 UTC [1] ERROR:  no", b"\tand why", b"{}"]
    first, second, _ = inherit((parse("postgres", row) for row in rows), None, 5.0)
    assert (second.at, second.level) == (first.at, "error")
    [alone] = inherit([parse("x", b"word")], None, 5.0)
    assert (alone.at, alone.level) == (5.0, "")


def test_lines_are_chosen_by_service_level_and_request():
    worker = parse("billing_worker", _event(service={"name": "billing-worker"}))
    sandbox = parse("sandbox", _event(service={"name": "yookassa-sandbox"}))
    warning = parse("auth", _event(trace={"id": "abcdefgh1234"}, **{"log.level": "warning"}))
    plain = parse("auth", b"Traceback")
    assert make_choice("billing-worker, auth", "", "").takes(worker)
    assert not make_choice("billing", "", "").takes(worker)
    assert make_choice("yookassa-sandbox", "", "").takes(sandbox)
    assert make_choice("sandbox", "", "").takes(sandbox)
    assert make_choice("", "WARN", "").takes(warning)
    assert not make_choice("", "warning", "").takes(worker)
    assert make_choice("", "critical", "").takes(plain)  # it names no level, and may be the worst
    assert make_choice("", "", "efgh1234").takes(warning)
    assert not make_choice("", "", "other").takes(warning)
    assert not make_choice("", "", "efgh1234").takes(plain)
    with pytest.raises(Trouble, match="LEVEL=loud"):
        make_choice("", "loud", "")
