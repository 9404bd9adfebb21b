"""The exam: every experiment that tries to lose, double or misplace money, each with its control.

    .venv/bin/python tests/exams/exam.py                             all of them; below 50 minutes
    .venv/bin/python tests/exams/exam.py --only bank --trials 5000 --seed 7
    .venv/bin/python tests/exams/exam.py --scale 0.01                all, with few trials each

One line an experiment: its trials, failures, seed, duration, and whether the naive build failed.
Each runs in a process and on a PostgreSQL cluster of its own, two at a time. Exit code 0: nothing
failed but every control; 1: otherwise. The last line is the summary; nothing is left running.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

import psutil
import structlog

# Where the experiments are, and the harness that one of them is made of.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "billing_api/tests/crash"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "billing_api/tests"))

from exam.registry import EXPERIMENTS, Experiment
from exam.result import Result

from launcher.testing import ThrowawayCluster, end_abandoned

REPOSITORY = Path(__file__).resolve().parents[2]
AT_ONCE = 2
TAIL = 3000
CLEAR_SECONDS = 60
_running: set[subprocess.Popen[str]] = set()


def run_here(name: str, trials: int, seed: int) -> Result:
    """In this process, on a cluster that is gone afterwards."""
    [experiment] = [each for each in EXPERIMENTS if each.name == name]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    cluster = ThrowawayCluster()
    os.environ["TEST_POSTGRES_URL"] = cluster.cluster.url()
    try:
        return asyncio.run(experiment.run(trials, seed))
    finally:
        cluster.close()


def run_apart(experiment: Experiment, trials: int, seed: int) -> Result:
    """In a process of its own; what it cannot finish counts as failed."""
    began = time.monotonic()
    print(f"{experiment.name} begins: {trials} trials", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--here", experiment.name]
    with tempfile.TemporaryFile("w+") as said, _session_of(
        [*command, "--trials", str(trials), "--seed", str(seed)], said
    ) as process:  # fmt: skip
        answer, _ = process.communicate()
        said.seek(0)
        complaints = said.read()
    try:
        result = Result(**json.loads(answer))
    except ValueError:
        result = Result(experiment.name, trials, 1, seed, time.monotonic() - began, False)
    if not result.is_passed:
        print(complaints[-TAIL:], file=sys.stderr)
    print(result, flush=True)
    return result


@contextmanager
def _session_of(command: list[str], log: IO[str]) -> Iterator[subprocess.Popen[str]]:
    """The process, and after it an end for whatever of its session is still there."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
        start_new_session=True, cwd=REPOSITORY,
    )  # fmt: skip
    _running.add(process)
    try:
        yield process
    except KeyboardInterrupt:
        _interrupt(process)
        raise
    finally:
        _running.discard(process)
        for left in _session(process.pid):
            left.kill()
        process.wait()


def _interrupt(process: subprocess.Popen[str]) -> None:
    """It clears away what it has started, a whole suite perhaps."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(CLEAR_SECONDS)


def _session(leader: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                yield process
        except ProcessLookupError:
            continue


def run_all(chosen: list[tuple[Experiment, int]], seed: int) -> list[Result]:
    """Who measures time runs alone, the others two at a time; the longest first."""
    results = [run_apart(each, trials, seed) for each, trials in chosen if each.alone]
    with ThreadPoolExecutor(AT_ONCE) as lanes:
        together = [
            lanes.submit(run_apart, each, trials, seed) for each, trials in chosen if not each.alone
        ]
        try:
            return results + [future.result() for future in together]
        except KeyboardInterrupt:
            for future in together:
                future.cancel()
            for process in tuple(_running):
                _interrupt(process)
            raise


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [experiment.name for experiment in EXPERIMENTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--trials", type=int, help="of each, instead of its own number")
    parser.add_argument("--scale", type=float, default=1.0, help="times its own number")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--here", choices=names, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    options = _options()
    # Also where a shell that runs this in the background has switched it off.
    for word in (signal.SIGINT, signal.SIGTERM):
        signal.signal(word, signal.default_int_handler)
    if options.here is not None:
        # Whatever prints goes to the complaints: the answer has the pipe for itself.
        answer, sys.stdout = sys.stdout, sys.stderr
        print(json.dumps(asdict(run_here(options.here, options.trials, options.seed))), file=answer)
        return
    began = time.monotonic()
    chosen = [
        (each, options.trials or max(1, round(each.trials * options.scale)))
        for each in EXPERIMENTS
        if each.name in options.only
    ]
    try:
        results = run_all(chosen, options.seed)
    except KeyboardInterrupt:
        sys.exit("exam: interrupted")
    finally:
        end_abandoned()
    good = [result for result in results if result.is_passed]
    failures = sum(result.failures for result in results)
    print(
        f"exam: {len(good)} of {len(results)} experiments passed,"
        f" {sum(result.trials for result in results)} trials, {failures} failures,"
        f" {(time.monotonic() - began) / 60:.1f} minutes"
    )
    sys.exit(0 if len(good) == len(results) else 1)


if __name__ == "__main__":
    main()
