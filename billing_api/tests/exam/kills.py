"""Real processes killed under load: `tests/exams/kills.py`, as an experiment.

It starts a suite of its own; its control is one whose database acknowledges before it has written.
"""

import asyncio
import re
import sys
import time
from pathlib import Path

from exam.result import Result, report

NAME = "real processes"
PROGRAM = Path(__file__).resolve().parents[3] / "tests" / "exams" / "kills.py"
_COUNTS = re.compile(r"lost (\d+), not credited (\d+), doubled (\d+)")
_AGREE = "balances equal to the sum of what succeeded: True"
_PROVED = "billing verify --provider: ok"
_BACK = re.compile(r"^kill +\d+ \S+ +back after ([\d.]+) s$", re.MULTILINE)
BACK_SECONDS = 5


async def real_processes(trials: int, seed: int) -> Result:
    """Nothing lost, nothing doubled, and back within five seconds of each kill."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, PROGRAM, "--kills", str(trials), "--seed", str(seed),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await process.communicate()
    finally:
        # Interrupted too, it still takes its suite down.
        await process.wait()
    earnest, _, control = output.decode().partition("control: ")
    failures = _failures(earnest)
    report(NAME, failures)
    found = bool(control) and "; control found its losses" in control
    return Result(NAME, trials, len(failures), seed, time.monotonic() - began, found)


def _failures(said: str) -> list[str]:
    slow = [
        f"back after {seconds} s"
        for seconds in _BACK.findall(said)
        if float(seconds) > BACK_SECONDS
    ]
    counts = _COUNTS.search(said)
    if counts is None:
        return [*slow, f"it came to no end: {said[-2000:]}"]
    wrong = [word for word in (_AGREE, _PROVED) if word not in said]
    return [
        *slow,
        *(f"not so: {word}" for word in wrong),
        *(["lost, not credited or doubled"] * sum(int(count) for count in counts.groups())),
    ]
