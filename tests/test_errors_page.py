"""docs/errors.md says what the services answer: it is what their descriptions make it."""

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_page_of_errors_is_the_one_made_from_the_services():
    script = REPOSITORY / "docs" / "generate_errors.py"
    made = subprocess.run([sys.executable, script], capture_output=True, check=True, text=True)
    kept = (REPOSITORY / "docs" / "errors.md").read_text()
    assert made.stdout == kept, "run `make errors`"
