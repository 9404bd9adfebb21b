"""Each program killed once under load; `make kills` does it two hundred times, with a control."""

import subprocess
import sys
from pathlib import Path

EXAM = Path(__file__).resolve().parent / "exams" / "kills.py"


def test_a_kill_of_any_program_loses_and_doubles_nothing(suite, no_faults):
    done = subprocess.run(
        [sys.executable, EXAM, "--kills", "4", "--clients", "2", "--var", suite.var],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0, not credited 0, doubled 0" in done.stdout
