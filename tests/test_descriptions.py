"""Schemathesis reads both descriptions and sends what they allow and what they do not.

Through the edge, so an answer of nginx that nobody described counts too. `FUZZ=500` sends more.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = os.environ.get("FUZZ", "12")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "unsupported_method",
    "missing_required_header",
)  # fmt: skip


@pytest.mark.parametrize(
    ("description", "base"),
    [("/app/openapi.json", ""), ("/auth/swagger.json", "/auth")],
    ids=["billing", "auth"],
)
@pytest.mark.timeout(1800)
def test_no_answer_is_a_server_error_or_undescribed(suite, customer, description, base, tmp_path):
    address = suite.env["BASE_URL"]
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", f"{address}{description}",
            "--url", f"{address}{base}",
            "-H", f"Authorization: Bearer {customer.token}",
            "--checks", ",".join(CHECKS),
            "--phases", "examples,coverage,fuzzing,stateful",
            "--max-examples", EXAMPLES,
            "--tls-verify", "false",
            "--request-timeout", "20",
            "--seed", "7",
            "--generation-database", ":memory:",
            "--no-color",
        ],
        cwd=tmp_path, capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    sent = re.search(r"(\d+) generated", run.stdout)
    assert sent is not None
    print(f"{sent[0]} for {description}")
    assert int(sent[1]) >= 50, "nothing was tried"
