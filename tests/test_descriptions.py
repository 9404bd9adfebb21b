"""Schemathesis reads both descriptions and sends what they allow and what they do not.

Through the edge, so an answer of nginx that nobody described counts too. `FUZZ=500` sends more.
"""

import json
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


def _fuzz(description, address, token, examples, folder, *more):
    bearer = ["-H", f"Authorization: Bearer {token}"] if token else []
    return subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "run", description,
            "--url", address, *bearer,
            "--checks", ",".join(CHECKS),
            "--phases", "examples,coverage,fuzzing,stateful",
            "--max-examples", examples,
            "--tls-verify", "false",
            "--request-timeout", "20",
            "--seed", "7",
            "--generation-database", ":memory:",
            "--no-color", *more,
        ],
        cwd=folder, capture_output=True, check=False, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("who", ["nobody", "customer"])
@pytest.mark.parametrize(
    ("description", "base"),
    [("/app/openapi.json", ""), ("/auth/swagger.json", "/auth")],
    ids=["billing", "auth"],
)
@pytest.mark.timeout(1800)
def test_no_answer_is_a_server_error_or_undescribed(
    suite, customer, description, base, who, tmp_path
):
    address = suite.env["BASE_URL"]
    token = customer.token if who == "customer" else None
    run = _fuzz(f"{address}{description}", f"{address}{base}", token, EXAMPLES, tmp_path)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    sent = re.search(r"(\d+) generated", run.stdout)
    assert sent is not None
    print(f"{sent[0]} for {description} as {who}")
    assert int(sent[1]) >= 50, "nothing was tried"


@pytest.mark.parametrize(
    ("description", "base", "path"),
    [("/app/openapi.json", "", "/api/v1/balance"), ("/auth/swagger.json", "/auth", "/api/v1/me")],
    ids=["billing", "auth"],
)
def test_an_answer_that_the_description_leaves_out_is_found(
    suite, description, base, path, tmp_path
):
    """The control: without its 401 the description no longer tells what a stranger is answered."""
    address = suite.env["BASE_URL"]
    with suite.client() as http:
        document = http.get(description).json()
    del document["paths"][path]["get"]["responses"]["401"]
    planted = tmp_path / "planted.json"
    planted.write_text(json.dumps(document))
    run = _fuzz(str(planted), f"{address}{base}", None, "5", tmp_path, "--include-path", path)
    assert run.returncode == 1, run.stdout[-3000:] + run.stderr[-2000:]
    assert "Undocumented status code" in run.stdout, run.stdout[-1500:]
