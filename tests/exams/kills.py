"""Kill real processes with -9 under load, and count what was acknowledged against what is there.

    .venv/bin/python tests/exams/kills.py --kills 200        a suite of its own, then its control
    .venv/bin/python tests/exams/kills.py --kills 4 --var D  on the suite that runs under D

The control is a suite whose billing database acknowledges before it has written: the same count
must find losses there. Exit code 0: nothing lost, nothing doubled, back each time, and the control
failed; 1: otherwise.
"""

import argparse
import os
import random
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg2
from load import Audit, Load, Target

from launcher import state, supervisor
from launcher.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]
CONTROL_KILLS, CONTROL_ROUNDS = 8, 6
PROGRAMS = ("billing", "billing_worker", "postgres", "nginx")


class RunningSuite:
    """A suite under VAR_DIR, steered by the launcher's own commands."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def command(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "launcher.cli", *words],
            cwd=REPOSITORY, env=self._environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise SystemExit(f"{words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def settings(self) -> dict[str, str]:
        pairs = (line.partition("=") for line in self.command("env").splitlines())
        return {key: (shlex.split(value) or [""])[0] for key, _, value in pairs}

    def pids(self) -> dict[str, int]:
        """The main process of each program that has stayed up for a second.

        Asked of the supervisor itself: a command of the launcher takes longer than most restarts.
        """
        layout = Layout(Path(self._environment["VAR_DIR"]).absolute())
        table = supervisor.process_table(state.load(layout))
        return {row["name"]: row["pid"] for row in table if row["statename"] == "RUNNING"}

    def verify(self) -> subprocess.CompletedProcess[str]:
        billing = Path(sys.executable).with_name("billing")
        return subprocess.run(
            [billing, "verify", "--provider"],
            cwd=REPOSITORY, env=self._environment, capture_output=True, text=True, check=False,
        )  # fmt: skip


def own_environment(folder: Path) -> dict[str, str]:
    """Ports and a VAR_DIR of its own, with a space in it."""
    probes = [socket.socket() for _ in range(2)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    https_port, http_port = (probe.getsockname()[1] for probe in probes)
    for probe in probes:
        probe.close()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(("_PORT", "_DATABASE_URL")) and not name.startswith("YOOKASSA")
    }
    # The load is one source that pays as fast as it can: the edge's limit is not what is tried.
    return kept | {
        "VAR_DIR": str(folder / "a suite"),
        "HTTPS_PORT": str(https_port),
        "HTTP_PORT": str(http_port),
        "RATE_PAYMENT": "1000",
    }


def _make_careless(settings: dict[str, str]) -> None:
    """Takes effect with the connections made after the first kill."""
    connection = psycopg2.connect(settings["BILLING_DATABASE_URL"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("ALTER DATABASE billing_db SET synchronous_commit = off")
    connection.close()


def _kill_all(suite: RunningSuite, target: Target, kills: int, programs: tuple[str, ...]) -> dict:
    """Kill one program after another while the load runs: seconds until the suite was back."""
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(kills):
        time.sleep(random.uniform(0.3, 1.5))
        name = programs[number % len(programs)] if kills < 20 else random.choice(programs)
        victim = _find(suite, name)
        began = time.monotonic()
        victim.kill()
        while not _is_back(suite, target, name, victim.pid):
            if time.monotonic() - began > 60:
                raise SystemExit(f"{name} was not back a minute after kill {number + 1}")
            time.sleep(0.05)
        seconds[name].append(time.monotonic() - began)
        print(f"kill {number + 1:>3} {name:<15} back after {seconds[name][-1]:.1f} s", flush=True)
    return seconds


def _find(suite: RunningSuite, name: str) -> psutil.Process:
    """What ended with another program a moment ago may not be up yet."""
    until = time.monotonic() + 60
    while (pid := suite.pids().get(name)) is None:
        if time.monotonic() > until:
            raise SystemExit(f"{name} is not running")
        time.sleep(0.05)
    return psutil.Process(pid)


def _is_back(suite: RunningSuite, target: Target, name: str, old_pid: int) -> bool:
    """The new one first: what an old server has left behind still answers for a moment."""
    return suite.pids().get(name, old_pid) != old_pid and target.answers()


def _report(seconds: dict[str, list[float]], load: Load, audit: Audit, proof: str) -> None:
    for name, each in seconds.items():
        if each:
            middle, worst = statistics.median(each), max(each)
            print(
                f"{name:<15} {len(each):>4} kills, back after {middle:.1f} s, worst {worst:.1f} s"
            )
    print(f"acknowledged {len(load.acknowledged)}, paid {len(load.paid)}; answers {load.answers()}")
    print(f"lost {len(audit.lost)}, not credited {len(audit.uncredited)}, doubled {audit.doubled}")
    print(f"balances equal to the sum of what succeeded: {audit.balances_agree}")
    print(f"billing verify --provider: {proof}")


def _examine(suite: RunningSuite, options: argparse.Namespace) -> bool:
    """Whether everything acknowledged is there once."""
    target = Target(suite.settings())
    return _round(suite, target, options.clients, options.kills, PROGRAMS, patience=180)


def _examine_control(suite: RunningSuite, options: argparse.Namespace) -> bool:
    """The same, until something is missing: what a kill finds unwritten is a matter of chance."""
    settings = suite.settings()
    _make_careless(settings)
    target = Target(settings)
    return all(
        _round(suite, target, options.clients, CONTROL_KILLS, ("postgres",), patience=20)
        for _ in range(CONTROL_ROUNDS)
    )


def _round(
    suite: RunningSuite,
    target: Target,
    clients: int,
    kills: int,
    programs: tuple[str, ...],
    *,
    patience: float,
) -> bool:
    load = Load(target, clients=clients)
    with load:
        seconds = _kill_all(suite, target, kills, programs)
        time.sleep(1)
    audit = load.audit(patience=patience)
    proof = suite.verify()
    _report(seconds, load, audit, "ok" if proof.returncode == 0 else f"\n{proof.stdout}")
    return audit.is_clean and proof.returncode == 0


def _on_own_suite(options: argparse.Namespace, *, control: bool) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="suite-kills-"))
    suite = RunningSuite(own_environment(folder))
    try:
        suite.command("up")
        return (_examine_control if control else _examine)(suite, options)
    finally:
        suite.command("reset")
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--var", type=Path, help="examine the suite that runs under this VAR_DIR")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    random.seed(options.seed)
    print(f"seed {options.seed}", flush=True)
    if options.var is not None:
        running = RunningSuite({**os.environ, "VAR_DIR": str(options.var)})
        sys.exit(0 if _examine(running, options) else 1)
    clean = _on_own_suite(options, control=False)
    print("control: the database acknowledges before it has written", flush=True)
    found = not _on_own_suite(options, control=True)
    print(f"{options.kills} kills {'clean' if clean else 'NOT CLEAN'}; control", end=" ")
    print("found its losses" if found else "FOUND NOTHING: the exam proves nothing")
    sys.exit(0 if clean and found else 1)


if __name__ == "__main__":
    main()
