"""Schemathesis reads our description and tries what it allows and what it does not: never a 500."""

import subprocess
import sys
from pathlib import Path

SCOPES = "payments:read payments:write balance:read billing:changes"


def test_nothing_a_stranger_sends_is_an_internal_error(api, customer, tmp_path):
    token = api.issuer.sign(customer, SCOPES)
    program = Path(sys.executable).with_name("schemathesis")
    run = subprocess.run(
        [
            program, "run", f"{api.url}/app/openapi.json",
            "-H", f"Authorization: Bearer {token}",
            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance",
            "--phases", "examples,coverage,fuzzing",
            "--max-examples", "15",
            "--exclude-checks", "ignored_auth",
            "--request-timeout", "20",
            "--seed", "7",
            "--generation-database", ":memory:",
            "--no-color",
        ],
        cwd=tmp_path, capture_output=True, check=False, text=True, timeout=110,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
