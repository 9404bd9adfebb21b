"""docs/errors.md says what the services answer: it is what their descriptions make it."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SCRIPT = REPOSITORY / "docs" / "generate_errors.py"


def test_the_page_of_errors_is_the_one_made_from_the_services():
    made = subprocess.run([sys.executable, SCRIPT], capture_output=True, check=True, text=True)
    kept = (REPOSITORY / "docs" / "errors.md").read_text()
    assert made.stdout == kept, "run `make errors`"


def test_a_problem_that_the_page_does_not_have_is_found():
    """The control: a service that declares one more makes another page."""
    maker = runpy.run_path(str(SCRIPT))
    program = Path(sys.executable).with_name("billing")
    run = subprocess.run([program, "openapi"], capture_output=True, check=True, text=True)
    description = json.loads(run.stdout)
    kept = (REPOSITORY / "docs" / "errors.md").read_text()
    assert maker["table"](maker["entries_of"](description, ""), with_routes=True) in kept
    stray = {"code": "stray_problem", "status": 409, "title": "Stray", "meaning": "Nobody knows"}
    description["x-problems"].append(stray)
    assert maker["table"](maker["entries_of"](description, ""), with_routes=True) not in kept
