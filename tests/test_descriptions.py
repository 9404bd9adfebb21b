"""Everybody sends both services what their descriptions allow and what they do not.

`make fuzz` sends about seven thousand cases a service. `FUZZ=100` sends more here.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAM = Path(__file__).resolve().parent / "exams" / "fuzz.py"
EXAMPLES = os.environ.get("FUZZ", "2")


@pytest.mark.parametrize("service", ["billing", "auth"])
@pytest.mark.timeout(3600)
def test_no_answer_is_a_server_error_or_undescribed(suite, service):
    """Every route is opened to somebody, and an answer that is left out of a copy is found."""
    done = subprocess.run(
        [
            sys.executable, EXAM, "--service", service,
            "--examples", EXAMPLES, "--var", suite.var,
        ],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    found = re.search(
        r"(\d+) cases, 0 server errors, 0 undescribed answers, 0 routes opened to nobody,"
        r" \d+ s; control found",
        done.stdout,
    )
    assert found is not None, done.stdout
    print(found[0])
    assert int(found[1]) >= 200, "nothing was tried"
