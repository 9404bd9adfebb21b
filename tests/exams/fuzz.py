"""Send what both descriptions allow, and what they do not, as everybody who may come.

    .venv/bin/python tests/exams/fuzz.py                     a suite of its own, 7 000 cases each
    .venv/bin/python tests/exams/fuzz.py --examples 4 --var D   on the suite that runs under D

Schemathesis reads each description and goes through the edge, so an answer of nginx that nobody
described counts too. The control plants one such answer in each description, which must be found.
Exit code 0: every route opened to somebody, no answer a server error or undescribed, the controls
found; 1: otherwise.
"""

import argparse
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from kills import RunningSuite, own_environment

CONFIG = Path(__file__).with_name("fuzz.toml")
SCOPES = (
    "billing:changes auth:changes balance:read"
    " payments:read payments:write payments:read_all billing:charge roles:write"
)
# It ends the session of the token it is sent with, and what comes after would be refused.
ENDS_THE_SESSION = "log_out"


@dataclass(frozen=True)
class Service:
    name: str
    description: str
    base: str
    control: str
    """A route to plant the control in: its 401 is left out."""
    examples: int
    """A route, phase and caller, so that all of them come to about seven thousand cases."""


SERVICES = (
    Service("billing", "/app/openapi.json", "", "/api/v1/balance", 150),
    Service("auth", "/auth/swagger.json", "/auth", "/api/v1/me", 60),
)


@dataclass
class Findings:
    """What became of the cases of one description."""

    cases: int = 0
    server_errors: int = 0
    undescribed: int = 0
    closed: set[str] | None = None
    """Routes that no caller so far was let into."""
    said: list[str] = field(default_factory=list)

    def add(self, report: dict[str, Any], output: str) -> None:
        self.cases += report["test_cases"]["generated"]
        for failure in report["failures"]:
            if failure["type"] == "ServerError":
                self.server_errors += failure["count"]
            else:
                self.undescribed += failure["count"]
        if report["exit_code"] != 0 or not report["complete"]:
            self.said.append(output)
        tried = set(report["warnings"]["missing_auth"])
        self.closed = tried if self.closed is None else self.closed & tried


class Fuzzer:
    def __init__(self, settings: dict[str, str], folder: Path, seed: int) -> None:
        self._settings, self._folder, self._seed = settings, folder, seed

    def run(
        self, description: str, base: str, token: str | None, examples: int, *more: str
    ) -> tuple[dict[str, Any], str]:
        """Schemathesis' own report and what it printed."""
        report = self._folder / f"{secrets.token_hex(4)}.json"
        bearer = ["-H", f"Authorization: Bearer {token}"] if token else []
        done = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG,
                "run", description,
                "--url", f"{self._settings['BASE_URL']}{base}", *bearer,
                "--phases", "examples,coverage,fuzzing,stateful",
                "--max-examples", str(examples),
                "--tls-verify", self._settings["CA_FILE"],
                "--request-timeout", "20",
                "--seed", str(self._seed),
                "--generation-database", ":memory:",
                "--report", "json", "--report-json-path", report,
                "--no-color", *more,
            ],
            cwd=self._folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True,
        )  # fmt: skip
        output = done.stdout + done.stderr
        if not report.exists():
            raise SystemExit(f"schemathesis: {output}")
        return json.loads(report.read_text()), output


class Callers:
    """Everybody there is: a token for each, made when it is asked for, since it lives minutes."""

    def __init__(self, http: httpx.Client, settings: dict[str, str], var: str) -> None:
        self._http, self._settings, self._var = http, settings, var
        self._password = "newpassword1"

    def token(self, who: str) -> str | None:
        return getattr(self, f"_{who}")()

    def _nobody(self) -> None:
        return None

    def _customer(self) -> str:
        name = f"fuzz_{secrets.token_hex(6)}"
        account = {"username": name, "password": self._password, "email": f"{name}@test.com"}
        self._http.post("/auth/api/v1/registration", json=account).raise_for_status()
        return self._log_in(name, self._password)

    def _staff(self) -> str:
        return self._log_in(self._settings["STAFF_USERNAME"], self._settings["STAFF_PASSWORD"])

    def _program(self) -> str:
        secret = secrets.token_urlsafe(32)
        subprocess.run(
            [
                Path(sys.executable).with_name("auth"), "create-client",
                "--client-id", "fuzz", "--scopes", SCOPES,
            ],
            env={**os.environ, "VAR_DIR": self._var, "CLIENT_SECRET": secret},
            stdin=subprocess.DEVNULL, capture_output=True, check=True,
        )  # fmt: skip
        form = {"grant_type": "client_credentials"}
        answer = self._http.post("/auth/api/v1/token", data=form, auth=("fuzz", secret))
        return str(answer.raise_for_status().json()["access_token"])

    def _log_in(self, username: str, password: str) -> str:
        body = {"username": username, "password": password}
        answer = self._http.post("/auth/api/v1/login", json=body)
        return str(answer.raise_for_status().json()["access_token"])


CALLERS = ("nobody", "customer", "staff", "program")
AT_ONCE = 2


def _try_all(fuzzer: Fuzzer, callers: Callers, service: Service, url: str, each: int) -> Findings:
    findings = Findings()
    leave_out = ("--exclude-operation-id", ENDS_THE_SESSION)

    def run(who: str) -> tuple[dict[str, Any], str]:
        return fuzzer.run(url, service.base, callers.token(who), each, *leave_out)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for who, (report, output) in zip(CALLERS, pool.map(run, CALLERS), strict=True):
            findings.add(report, f"as {who}: {output}")
    if service.name == "auth":
        before = findings.closed
        only = ("--include-operation-id", ENDS_THE_SESSION)
        report, output = fuzzer.run(url, service.base, callers.token("customer"), each, *only)
        findings.add(report, f"logging out: {output}")
        findings.closed = (before or set()) | set(report["warnings"]["missing_auth"])
    return findings


def _finds_the_control(fuzzer: Fuzzer, service: Service, document: dict[str, Any]) -> bool:
    """Without its 401 the description no longer tells what a stranger is answered."""
    with tempfile.TemporaryDirectory() as folder:
        planted = Path(folder) / "planted.json"
        del document["paths"][service.control]["get"]["responses"]["401"]
        planted.write_text(json.dumps(document))
        more = ("--include-path", service.control)
        report, _ = fuzzer.run(str(planted), service.base, None, 5, *more)
    return {"UndefinedStatusCode"} <= {failure["type"] for failure in report["failures"]}


def _examine(suite: RunningSuite, var: str, options: argparse.Namespace) -> bool:
    settings = suite.settings()
    address, clean = settings["BASE_URL"], True
    with (
        tempfile.TemporaryDirectory() as folder,
        httpx.Client(base_url=address, verify=settings["CA_FILE"], trust_env=False) as http,
    ):
        fuzzer = Fuzzer(settings, Path(folder), options.seed)
        callers = Callers(http, settings, var)
        for service in SERVICES:
            if options.service not in (None, service.name):
                continue
            began, url = time.monotonic(), f"{address}{service.description}"
            each = options.examples or service.examples
            found = _try_all(fuzzer, callers, service, url, each)
            control = _finds_the_control(fuzzer, service, http.get(service.description).json())
            print(*found.said, sep="\n", end="")
            print(
                f"{service.name}: {found.cases} cases, {found.server_errors} server errors,"
                f" {found.undescribed} undescribed answers, {len(found.closed or ())} routes opened"
                f" to nobody, {time.monotonic() - began:.0f} s;"
                f" control {'found' if control else 'NOT FOUND'}",
                flush=True,
            )
            clean &= control and not found.said and not found.closed
    return clean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, help="a route, phase and caller")
    parser.add_argument("--service", choices=[service.name for service in SERVICES])
    parser.add_argument("--var", help="examine the suite that runs under this VAR_DIR")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    if options.var is not None:
        running = RunningSuite({**os.environ, "VAR_DIR": options.var})
        sys.exit(0 if _examine(running, options.var, options) else 1)
    folder = Path(tempfile.mkdtemp(prefix="suite-fuzz-"))
    # All cases come from one address; the limits have tests of their own.
    free = {"REGISTRATIONS_PER_MINUTE": "100000", "LOGINS_PER_MINUTE": "100000"}
    environment = own_environment(folder) | free
    suite = RunningSuite(environment)
    try:
        suite.command("up")
        clean = _examine(suite, environment["VAR_DIR"], options)
    finally:
        suite.command("reset")
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
