"""No secret that is sent through the suite, by whatever way, stands in anything it writes."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

# The parts are a package, so that they can import one another.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from log_parts import trouble
from log_parts.canaries import search, written_files
from log_parts.journeys import Journeys
from log_parts.spray import garble, spray

# The first of them waits for all the journeys.
pytestmark = pytest.mark.timeout(300)
REPOSITORY = Path(__file__).resolve().parent.parent
LINE = Draft202012Validator(
    json.loads((REPOSITORY / "contracts" / "log.schema.json").read_text()), validate_formats=True
)
PROGRAMS = {
    "nginx": "nginx", "billing": "billing", "billing_worker": "billing-worker", "auth": "auth",
    "admin": "admin", "admin_sync": "admin", "sandbox": "yookassa-sandbox",
}  # fmt: skip
# nginx has no say in the form of its error log; it starts at crit, and quotes no request there.
ERROR_LOG = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[(crit|alert|emerg)\] [^\"?]*")
THROUGH_THE_EDGE = [
    *(("GET", "/"), ("POST", "/api/v1/payment"), ("GET", "/api/v1/payment")),
    *(("GET", "/api/v1/statement"), ("GET", "/api/v1/changes"), ("GET", "/pay/return/x")),
    *(("POST", "/auth/api/v1/registration"), ("POST", "/auth/api/v1/login")),
    *(("POST", "/auth/api/v1/refresh"), ("PUT", "/auth/api/v1/auth_change")),
    *(("POST", "/auth/api/v1/token"), ("GET", "/auth/api/v1/me"), ("POST", "/auth/api/v1/roles")),
    *(("POST", "/admin_panel/admin/login/"), ("GET", "/admin_panel/admin/mirror/payment/")),
    *(("POST", "/sandbox/checkout"), ("POST", "/nothing"), ("GET", "/static/x"), ("TRACE", "/")),
]
INSIDE = {
    "billing": ("POST", "/api/v1/payment"), "auth": ("POST", "/api/v1/login"),
    "admin": ("POST", "/admin_panel/admin/login/"), "sandbox": ("POST", "/v3/payments"),
}  # fmt: skip
CARELESS = """
import http.server, logging, sys
logging.basicConfig(filename=sys.argv[1], level=logging.INFO, format="%(asctime)s %(message)s")

class Careless(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        logging.info("%s %s %r", self.requestline, dict(self.headers), body)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = answer
    log_message = lambda *_: None

server = http.server.HTTPServer(("127.0.0.1", 0), Careless)
print(server.server_port, flush=True)
server.serve_forever()
"""


@dataclass(frozen=True)
class Told:
    """All was done; `bugs` and the others are what the services answered when they were broken."""

    journeys: Journeys
    bugs: dict[str, int]
    without_database: dict[str, set[int]]
    without_billing: dict[str, set[int]]
    answered: int
    garbled: int


@pytest.fixture(scope="module")
def told(suite, eventually) -> Told:
    journeys = Journeys(suite)
    journeys.accounts()
    journeys.staff()
    journeys.payments()
    journeys.checkout()
    journeys.notifications()
    journeys.admin()
    with suite.client() as http:
        answered = spray(http, THROUGH_THE_EDGE, journeys.secrets)
    garbled = garble(int(suite.env["BASE_URL"].rpartition(":")[2]), journeys.secrets, suite.tls)
    for service, target in INSIDE.items():
        scheme = "https" if service == "sandbox" else "http"
        address = f"{scheme}://127.0.0.1:{journeys.ports[service]}"
        with suite.client(base_url=address) as http:
            answered += spray(http, [target], journeys.secrets)
        tls = suite.tls if service == "sandbox" else None
        garbled += garble(journeys.ports[service], journeys.secrets, tls)
    bugs = trouble.bugs(suite, journeys)
    without_database = trouble.outage(suite, journeys, "postgres", trouble.DATABASE_STOP)
    eventually(lambda: suite.command("up", check=False).returncode == 0)
    without_billing = trouble.outage(suite, journeys, "billing", trouble.KILL)
    eventually(lambda: suite.command("up", check=False).returncode == 0)
    return Told(journeys, bugs, without_database, without_billing, answered, garbled)


def _lines(suite, program):
    """The whole lines of a program, oldest first; a rotated file comes before its successor."""
    files = sorted((suite.var / "logs").glob(f"{program}.log*"), reverse=True)
    assert files
    text = "".join(path.read_text() for path in files)
    return text.rpartition("\n")[0].split("\n")


def test_no_secret_stands_in_any_line(suite, told):
    files = written_files(suite.var)
    assert {f"{name}.log" for name in (*PROGRAMS, "postgres", "supervisord")} <= {
        path.name for path in files
    }
    assert search(told.journeys.secrets, files) == {}


def test_the_errors_that_were_to_happen_happened_and_are_told_of(suite, told):
    assert told.bugs == {"auth": 500, "billing": 500, "admin": 500}
    for service, seen in told.without_database.items():
        assert seen & {500, 502, 503}, (service, seen)
    assert 502 in told.without_billing["billing"]
    assert told.answered > 500
    assert told.garbled > 500
    for program in ("billing", "auth", "admin"):
        errors = [json.loads(line) for line in _lines(suite, program) if '"error"' in line]
        types = {line["error"].get("type", "") for line in errors if "error" in line}
        assert any("[22000]" in name or "Data" in name for name in types), (program, types)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_line_is_of_the_vocabulary(suite, told, program):
    lines = _lines(suite, program)
    assert len(lines) > 1
    for line in lines:
        if program == "nginx" and ERROR_LOG.fullmatch(line):
            continue
        found = json.loads(line)
        LINE.validate(found)
        assert "dropped" not in found.get("suite", {}), line
        assert found["service"]["name"] == PROGRAMS[program]


def test_what_may_be_written_is_found_by_the_same_search(suite, told):
    marks = {"a request": told.journeys.trace, "a payment": told.journeys.payment["id"]}
    found = search(marks, written_files(suite.var))
    files = {name: {place.partition(":")[0] for place in places} for name, places in found.items()}
    assert files["a request"] == {"nginx.log", "billing.log"}
    assert files["a payment"] >= {"nginx.log", "billing.log", "admin.log"}


def test_a_careless_program_is_found_out_by_the_same_search(suite, told, tmp_path):
    log = tmp_path / "careless.log"
    process = subprocess.Popen([sys.executable, "-c", CARELESS, log], stdout=subprocess.PIPE)
    try:
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        with suite.client(base_url=address) as http:
            spray(http, [("POST", "/login")], told.journeys.secrets)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    found = search(told.journeys.secrets, [log])
    assert set(told.journeys.secrets) <= set(found)
    assert {"a token", "a bearer header", "a basic header", "a card's code"} <= set(found)


def test_a_request_is_followed_by_its_id_through_the_processes_to_the_provider(suite, new_customer):
    customer = new_customer()
    wanted = {"nginx": 5, "billing": 3, "auth": 3, "admin": 2}
    trace = f"followed-{customer.name}"[:60]
    http = customer.http
    payment = customer.create(**{"X-Request-ID": trace}).json()
    http.get("/auth/api/v1/me", headers={"X-Request-ID": trace})
    with suite.client(headers={"X-Request-ID": trace}) as browser:
        # Two pages, and auth is asked for the password and for its keys: all of it is one story.
        Journeys(suite).sign_in(browser, suite.env["STAFF_USERNAME"], suite.env["STAFF_PASSWORD"])
    http.get("/api/v1/payment/nothing", headers={"X-Request-ID": trace})
    [made] = [
        found for found in suite.provider_list()
        if found["metadata"].get("payment_uid") == payment["id"]
    ]  # fmt: skip
    assert made["metadata"]["request_id"] == trace
    for program, count in wanted.items():
        lines = [json.loads(line) for line in _lines(suite, program) if trace in line]
        assert {line["trace"]["id"] for line in lines} == {trace}
        assert len(lines) >= count, program
    assert any("provider call" in line for line in _lines(suite, "billing") if trace in line)


def test_a_notification_is_followed_by_its_id_to_the_worker(suite, customer, eventually):
    payment = customer.created()
    customer.pay(payment)
    customer.await_status(payment["id"], "succeeded")
    provider_path = f"/payments/{payment['confirmation_url'].partition('orderId=')[2]}"

    def traces(program, path):
        found = (json.loads(line) for line in _lines(suite, program) if path in line)
        return {line["trace"]["id"] for line in found if "trace" in line}

    def met():
        asked = traces("billing_worker", provider_path)
        return asked & traces("billing", "notification/-") & traces("nginx", "notification/-")

    assert eventually(met)
