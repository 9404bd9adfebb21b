"""What the benchmarks share: a durable cluster, tools, processes, CPU of a process, medians."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psutil

from launcher import postgres
from launcher.ports import free_ports

REPOSITORY = Path(__file__).resolve().parents[1]
CACHE = REPOSITORY / "var" / "bench"
CLIENTS, THREADS = 16, 2
SECONDS, ROUNDS = float(os.environ.get("BENCH_SECONDS", "4")), 3
# A server that keeps its word (fsync, synchronous_commit) with memory for the working set.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}


@contextmanager
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL of our own, as the suite runs it, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="billing-suite-bench-", dir="/var/tmp"))
    home.chmod(0o755)
    made = postgres.Cluster(
        bin_dir=postgres.reachable_bin(home),
        data_dir=home / "data",
        port=free_ports(1)[0],
        password="bench-only",
        os_user=postgres.drop_user(),
    )
    try:
        postgres.initialise(made)
        postgres.start_detached(made, made.data_dir / "server.log", SETTINGS)
        yield made
        postgres.stop_detached(made)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def pgbench(
    server: postgres.Cluster, url: str, script: str, variables: dict[str, int] | None = None
) -> float:
    """Transactions a second of one of `sql/`, prepared, as many clients as the services get."""
    named = [
        part for name, value in (variables or {}).items() for part in ("-D", f"{name}={value}")
    ]
    done = subprocess.run(
        [
            server.bin_dir / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS),
            "-j", str(THREADS), "-T", str(max(1, round(SECONDS))), *named,
            "-f", REPOSITORY / "bench" / "sql" / script, url,
        ],
        capture_output=True, text=True, check=True,
        # The wheel's libraries stand beside its programs.
        env={**os.environ, "PGCONNECT_TIMEOUT": "5"},
    )  # fmt: skip
    line = next(line for line in done.stdout.splitlines() if line.startswith("tps ="))
    return float(line.split()[2])


def wrk_command() -> list[str]:
    """`WRK`, the system's, or Debian's package unpacked beside the cache; nothing is installed."""
    given = os.environ.get("WRK") or shutil.which("wrk")
    if given:
        return [given]
    unpacked = CACHE / "wrk"
    if not (unpacked / "usr/bin/wrk").exists():
        unpacked.mkdir(parents=True, exist_ok=True)
        packages = ["wrk", "libluajit-5.1-2", "libluajit-5.1-common"]
        subprocess.run(["apt-get", "download", *packages], cwd=unpacked, check=True)
        for package in unpacked.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
    libraries = ":".join(str(path.parent) for path in unpacked.rglob("libluajit*.so*"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(unpacked / "usr/bin/wrk")]


def wrk(url: str, headers: dict[str, str], script: str = "") -> float:
    """Good answers a second; any other answer stops the benchmark."""
    command = [*wrk_command(), "-t1", f"-c{CLIENTS}", f"-d{max(1, round(SECONDS))}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    if script:
        command += ["-s", str(REPOSITORY / "bench" / "sql" / script)]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(done.stdout)
    line = next(line for line in done.stdout.splitlines() if line.startswith("Requests/sec"))
    return float(line.split()[1])


@contextmanager
def process(
    command: list[str | Path], environment: dict[str, str], ready: str
) -> Iterator[psutil.Process]:
    """A service as a process of its own, from its first good answer to its end."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
    running = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        until = time.monotonic() + 60
        while not _answers(ready):
            if time.monotonic() > until or running.poll() is not None:
                log.seek(0)
                raise RuntimeError(log.read().decode()[-3000:])
            time.sleep(0.1)
        yield psutil.Process(running.pid)
    finally:
        running.terminate()
        running.wait(15)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, verify=False).status_code < 500
    except httpx.TransportError:
        return False


def cpu_seconds(*processes: psutil.Process) -> float:
    """User and system time of the processes and their children."""
    total = 0.0
    for parent in processes:
        for each in [parent, *parent.children(recursive=True)]:
            times = each.cpu_times()
            total += times.user + times.system
    return total


def interleaved(**measured: Callable[[], float]) -> dict[str, float]:
    """Medians of all, taken in turns, so that what else the machine does meets each alike."""
    seen: dict[str, list[float]] = {name: [] for name in measured}
    for number in range(ROUNDS + 1):
        for name, measure in measured.items():
            figure = measure()
            if number:  # the first round warms up
                seen[name].append(figure)
    return {name: median(figures) for name, figures in seen.items()}


def row(name: str, figure: str, against: str, ratio: str, goal: str) -> str:
    line = f"| {name} | {figure} | {against} | {ratio} | {goal} |"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return line
