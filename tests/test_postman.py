"""The Postman collection of docs/postman, run by newman against the suite."""

import json
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
NEWMAN = REPOSITORY / "tests/postman/node_modules/.bin/newman"
COLLECTION = REPOSITORY / "docs/postman/billing-suite.postman_collection.json"
ENVIRONMENT = REPOSITORY / "docs/postman/local.postman_environment.json"


def _requests(item):
    return [r for child in item.get("item", []) for r in _requests(child)] or (
        [item] if "request" in item else []
    )


def test_every_request_of_the_collection_has_an_assertion():
    requests = _requests(json.loads(COLLECTION.read_text()))
    assert len(requests) > 20
    for request in requests:
        scripts = [line for event in request["event"] for line in event["script"]["exec"]]
        assert any("pm.test(" in line for line in scripts), request["name"]


@pytest.mark.skipif(not NEWMAN.exists(), reason="newman is not installed (make test installs it)")
def test_newman_runs_the_collection_without_a_failure(suite, tmp_path):
    report = tmp_path / "report.json"
    done = suite.run(
        str(NEWMAN), "run", str(COLLECTION), "-e", str(ENVIRONMENT),
        "--env-var", f"base_url={suite.env['BASE_URL']}",
        "--env-var", f"sandbox_url={suite.env['SANDBOX_URL']}",
        "--ssl-extra-ca-certs", suite.env["CA_FILE"],
        "-r", "cli,json", "--reporter-json-export", str(report),
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    statistics = json.loads(report.read_text())["run"]["stats"]
    assert statistics["assertions"]["total"] >= 40
    assert statistics["assertions"]["failed"] == 0
