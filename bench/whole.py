"""A whole payment through the running suite: the processor time each of our programs spends."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from load import PASSWORD, Target  # the exams' client of the edge
from parts import REPOSITORY, cpu_seconds

from launcher.ports import free_ports

PAYMENTS = int(os.environ.get("BENCH_PAYMENTS", "300"))


class Suite:
    """The whole suite on ports and a folder of its own."""

    def __init__(self, folder: Path) -> None:
        https, http = free_ports(2)
        self.environment = {
            **os.environ,
            "VAR_DIR": str(folder),
            "HTTPS_PORT": str(https),
            "HTTP_PORT": str(http),
            "RATE_PAYMENT": "10000",
        }

    def command(self, word: str) -> str:
        command = [sys.executable, "-m", "launcher.cli", word]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def settings(self) -> dict[str, str]:
        lines = self.command("env").splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines if "=" in line)
        return {name: value.strip("'\"") for name, value in pairs}


def processes(folder: Path) -> dict[str, psutil.Process]:
    """Our programs by name, found by the folder their environment names."""
    found = {}
    for each in psutil.process_iter():
        try:
            if each.environ().get("VAR_DIR") != str(folder) or each.ppid() == os.getpid():
                continue
            words = " ".join(each.cmdline())
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        for name in ("billing.main", "billing.worker", "auth.main", "panel.main", "panel.sync",
                     "sandbox.app", "nginx: master"):  # fmt: skip
            if name in words and name not in found:
                found[name] = each
    return found


def measure() -> dict[str, float]:
    """Milliseconds of processor time a payment, by program."""
    with tempfile.TemporaryDirectory(prefix="suite-bench-") as scratch:
        folder = Path(scratch) / "var"
        suite = Suite(folder)
        suite.command("up")
        try:
            return _drive(Target(suite.settings()), folder)
        finally:
            suite.command("reset")


def _drive(target: Target, folder: Path) -> dict[str, float]:
    with target.client() as http, target.client(base_url=target.sandbox_url) as cabinet:
        body = {"username": "bench_user", "password": PASSWORD, "email": "bench_user@test.com"}
        http.post("/auth/api/v1/registration", json=body).raise_for_status()
        pair = http.post("/auth/api/v1/login", json={k: body[k] for k in ("username", "password")})
        http.headers["Authorization"] = f"Bearer {pair.json()['access_token']}"

        def pay() -> None:
            made = http.post("/api/v1/payment", json={"value": "10.00", "currency": "RUB"}).json()
            order = made["confirmation_url"].partition("orderId=")[2]
            cabinet.post(f"/_sandbox/payments/{order}/succeed").raise_for_status()

        def paid(count: int) -> None:
            wanted = f"{count * 10}.00"
            until = time.monotonic() + 60
            while http.get("/api/v1/balance").json()["items"][0]["available"] != wanted:
                if time.monotonic() > until:
                    raise TimeoutError(wanted)
                time.sleep(0.2)

        for _ in range(20):
            pay()
        paid(20)
        running = processes(folder)
        before = {name: cpu_seconds(each) for name, each in running.items()}
        for _ in range(PAYMENTS):
            pay()
        paid(20 + PAYMENTS)
        return {
            name: (cpu_seconds(each) - before[name]) / PAYMENTS * 1000
            for name, each in running.items()
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(), indent=2) + "\n")
