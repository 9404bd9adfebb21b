"""The edge's own log: the vocabulary of all programs, one line a request, and no secret in it."""

import json
import re
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from jsonschema_rs import Draft202012Validator

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
LINE = Draft202012Validator(
    json.loads((CONTRACTS / "log.schema.json").read_text()), validate_formats=True
)
SECRET = "correct-horse-battery-1"  # what must not be in the log


@pytest.fixture(scope="module")
def edge(make_edge, any_nginx, run_with_services):
    with run_with_services(make_edge(any_nginx)) as running:
        yield running


@pytest.fixture
def lonely_edge(make_edge, any_nginx, run):
    """nginx without the services behind it."""
    with run(make_edge(any_nginx)) as running:
        yield running


def _raw(edge, request):
    tls = ssl.create_default_context(cafile=str(edge.layout.authority))
    with (
        socket.create_connection(("127.0.0.1", edge.state.https_port), timeout=5) as plain,
        tls.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        secured.sendall(request)
        answer = b""
        while part := secured.recv(65536):
            answer += part
            if b"\r\n\r\n" in answer:
                break
    return answer


REQUESTS = [
    b"GET /api/v1/balance?token=SECRET HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /auth/api/v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer SECRET\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nReferer: https://x/?SECRET\r\nCookie: a=SECRET\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: SECRET\r\nX-Request-ID: SECRET \x7f\r\n",
    b"GET / HTTP/1.1\r\nHost: evil.test?SECRET\r\n",
    b"POST /api/v1/notification/SECRET HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n",
    b"GET /api/v1//notification/SECRET/?a HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /API/V1/Notification/SECRET HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /api/v1/%6eotification/SECRET%ff HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /x/../api/v1/notification/SECRET HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /api/v1/notification/SECRET HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n",
    b"POST /api/v1/payment?SECRET HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999\r\n",
    b"POST /?SECRET HTTP/1.1\r\nHost: evil.test\r\nContent-Length: 999999\r\n",
    b"GET /nothing?SECRET HTTP/1.1\r\nHost: localhost\r\n",
    b"TRACE /?SECRET HTTP/1.1\r\nHost: localhost\r\n",
    b"correct-horse-battery-1 / HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /api/v1/payment/SECRET/cancel HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /SECRET HTTP/1.1\r\nHost: SECRET.test\r\n",
    b"GET https://SECRET.test/ HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /%ff%fe/%d1%8f/%0a%22%5c HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /?a HTTP/1.1\r\nHost: \xff\xfe\r\n",
    b"GET /?SECRET HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
    b"GET /?SECRET HTTP/1.1\r\nno colon SECRET\r\n",
    b"GET /?SECRET HTTP/9.9\r\nHost: localhost\r\n",
    b"GET /?SECRET" + b"a" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: SECRET" + b"a" * 20000 + b"\r\n",
    b"SECRET\r\n",
]


def _check(lines):
    for line in lines:
        LINE.validate(line)
        assert line["service"]["name"] == "nginx"


def test_every_line_is_of_the_vocabulary_and_holds_no_secret(edge):
    for request in REQUESTS:
        _raw(edge, request.replace(b"SECRET", SECRET.encode()) + b"\r\n")
    _check(edge.log_lines(len(REQUESTS)))
    assert SECRET.encode() not in edge.log.read_bytes()


def test_a_path_is_logged_up_to_what_may_be_a_secret(edge, eventually):
    paths = json.loads((CONTRACTS / "log_paths.json").read_text())["paths"]
    for number, (path, _) in enumerate(paths):
        head = f"GET {quote(path)} HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: path-{number:04}"
        _raw(edge, f"{head}\r\n\r\n".encode())

    def logged():
        lines = {line["trace"]["id"]: line for line in edge.log_lines(1)}
        found = [lines.get(f"path-{number:04}") for number in range(len(paths))]
        return all(found) and [line["url"]["path"] for line in found]

    assert eventually(logged) == [wanted for _, wanted in paths]


def test_a_line_of_the_old_format_would_be_found(edge):
    with edge.client() as http:
        http.get("/")
    line = edge.log_lines(1)[-1]
    LINE.validate(line)
    assert not LINE.is_valid(line | {"client": {"address": "127.0.0.1"}})
    assert not LINE.is_valid(line | {"http": line["http"] | {"version": 2}})


def test_a_line_says_who_asked_for_what_and_how_it_went(edge):
    with edge.client("127.0.0.2") as http:
        http.get("/auth/api/v1/me?a=b", headers={"X-Request-ID": "trace-0001"})
    # Others have written before: a line of theirs is there already when ours is not yet.
    deadline, found = time.monotonic() + 10, []
    while not found and time.monotonic() < deadline:
        found = [line for line in edge.log_lines(1) if line["trace"]["id"] == "trace-0001"]
    [line] = found
    LINE.validate(line)
    assert line["message"] == "request"
    assert line["url"] == {"path": "/auth/api/v1/me", "domain": "127.0.0.1"}
    assert line["source"] == {"ip": "127.0.0.2"}
    assert line["http"]["version"] == "1.1"
    assert line["http"]["response"]["status_code"] == 200
    assert line["http"]["response"]["bytes"] > 100
    assert line["suite"]["upstream"]["address"] == f"127.0.0.1:{edge.state.ports['auth']}"
    assert line["suite"]["upstream"]["status"] == "200"
    assert line["tls"]["version"] == "1.3"
    assert 0 <= line["event"]["duration"] < 5e9
    assert line["log.level"] == "info"


def test_services_that_do_not_answer_are_told_of_in_the_access_log_alone(lonely_edge):
    paths = ["/", "/api/v1/payment", "/auth/api/v1/me", "/admin_panel/admin/", "/sandbox/",
             f"/api/v1/notification/{SECRET}"]  # fmt: skip
    with lonely_edge.client() as http:
        for path in paths:
            answer = http.get(f"{path}?{SECRET}", headers={"Referer": f"https://x/{SECRET}"})
            assert answer.status_code == 502
    lines = lonely_edge.log_lines(len(paths))
    _check(lines)
    assert {line["log.level"] for line in lines} == {"error"}
    assert {line["suite"]["upstream"]["status"] for line in lines} == {"502"}
    assert SECRET not in lonely_edge.log.read_text()


def test_the_same_failure_would_leak_from_a_talkative_error_log(make_edge, any_nginx, run):
    talkative = make_edge(any_nginx)
    main = talkative.main.read_text()
    talkative.main.write_text(main.replace("error_log stderr crit;", "error_log stderr error;"))
    with run(talkative), talkative.client() as http:
        http.get(f"/api/v1/payment?{SECRET}")
    assert re.search(rf"connect\(\) failed.*{SECRET}", talkative.log.read_text())
